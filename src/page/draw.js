// What is drawn on canvases: histograms with their pushes, curves, film strips. Knows no settings.
"use strict";

const Draw = (() => {
  const INKS = ["ink", "muted", "faint", "paper", "reference", "data", "reward", "down"];
  const DARKEST_ON_DARK = 115; // luminance from which a colour can be told from dark paper
  let fontSize = 16;
  const colours = {};

  const channels = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const luminance = ([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b;

  /** Reads sizes and colours of the page, and gives every method its ink on this paper. */
  function theme(methods) {
    const style = getComputedStyle(document.documentElement);
    fontSize = parseFloat(getComputedStyle(document.body).fontSize);
    for (const name of INKS) colours[name] = style.getPropertyValue(`--${name}`).trim();
    const dark = luminance(channels(colours.paper)) < 128;
    for (const method of methods) {
      let rgb = channels(method.colour);
      while (dark && luminance(rgb) < DARKEST_ON_DARK) rgb = rgb.map((c) => Math.min(255, c + 12));
      method.ink = `rgb(${rgb.join(",")})`;
    }
  }

  /** A canvas ready to draw in CSS pixels, cleared. */
  function pen(canvas) {
    const scale = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas;
    const pixels = [width, height].map((length) => Math.round(length * scale));
    if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) [canvas.width, canvas.height] = pixels;
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = `${Math.max(11, fontSize * 0.72)}px system-ui, sans-serif`;
    return { context, width, height };
  }

  /** The least of 1, 2, 5 times a power of ten above a number. */
  function ceiling(x) {
    const power = 10 ** Math.floor(Math.log10(x));
    return [1, 2, 5, 10].map((k) => k * power).find((c) => c >= x * 0.999);
  }

  function line(context, points, colour, width = 1, dash = []) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(dash);
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x, y);
    context.stroke();
    context.setLineDash([]);
  }

  function text(context, words, x, y, align, baseline = "alphabetic", colour = colours.muted) {
    context.fillStyle = colour;
    context.textAlign = align;
    context.textBaseline = baseline;
    context.fillText(words, x, y);
  }

  /** The corners of a histogram's outline. */
  const stairs = (values, x, y) =>
    Array.from(values).flatMap((v, a) => [
      [x(a), y(v)],
      [x(a + 1), y(v)],
    ]);

  function area(context, values, x, y, colour, alpha) {
    context.globalAlpha = alpha;
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(x(0), y(0));
    for (const [px, py] of stairs(values, x, y)) context.lineTo(px, py);
    context.lineTo(x(values.length), y(0));
    context.fill();
    context.globalAlpha = 1;
  }

  function bars(context, values, x, y, colour, gap) {
    context.fillStyle = colour;
    values.forEach((v, a) => {
      const tall = y(0) - y(v);
      if (tall > 0.15) context.fillRect(x(a) + gap / 2, y(v), x(1) - x(0) - gap, tall);
    });
  }

  /**
   * One method at one step: π over π_ref, the reward on a scale of its own, and what the last step
   * pushed. `top` is the probability at the upper edge; taller bars say their height.
   */
  function panel(canvas, { pi, pushes, reference, rewards, data, target, top, ink }) {
    const { context, width, height } = pen(canvas);
    const left = 2.6 * fontSize,
      right = width - 4,
      floor = height * 0.66,
      arms = pi.length;
    const x = (a) => left + (a / arms) * (right - left);
    const y = (p) => floor - Math.min(1, p / top) * (floor - 8);
    line(
      context,
      [
        [left, y(top)],
        [right, y(top)],
      ],
      colours.faint,
    );
    area(context, reference, x, y, colours.reference, 0.4);
    context.globalAlpha = 0.88;
    bars(context, pi, x, y, ink, 0.5);
    context.globalAlpha = 1;
    const tallest = pi.reduce((best, p, a) => (p > pi[best] ? a : best), 0);
    if (pi[tallest] > top) {
      const beside = tallest < arms * 0.85 ? [x(tallest + 1) + 3, "left"] : [x(tallest) - 3, "right"];
      text(context, pi[tallest].toFixed(2), beside[0], y(top) + 2, beside[1], "top", colours.ink);
    }
    if (data) line(context, stairs(data, x, y), colours.data, 1.5);
    if (target) line(context, stairs(target, x, y), colours.ink);
    line(
      context,
      rewards.map((r, a) => [x(a + 0.5), floor - r * (floor - 14)]),
      colours.reward,
      1.6,
      [2, 3],
    );
    line(
      context,
      [
        [left, floor + 0.5],
        [right, floor + 0.5],
      ],
      colours.muted,
    );
    text(context, String(top), left - 5, y(top) + 3, "right", "middle");
    text(context, "π", left - 5, (y(top) + floor) / 2, "right", "middle");
    text(context, "0", left - 5, floor - 3, "right", "middle");
    arrows(context, pushes, x, [floor, height - fontSize * 1.15], ink);
    for (let a = 0; a <= 80; a += 20) text(context, String(a), x(a + 0.5), height - 3, "center");
    text(context, "arm", right, height - 3, "right");
  }

  /** Arrows up and down from a line between two heights; their length grows with √|c|. */
  function arrows(context, pushes, x, [upper, lower], ink) {
    const middle = (upper + lower) / 2 + 2,
      reach = (lower - upper) / 2 - 4;
    const most = pushes.reduce((m, c) => Math.max(m, Math.abs(c)), 0);
    line(
      context,
      [
        [x(0), middle],
        [x(pushes.length), middle],
      ],
      colours.faint,
    );
    if (most < 1e-300) return;
    const half = Math.max(1.4, (x(1) - x(0)) * 0.5);
    pushes.forEach((c, a) => {
      const length = Math.sqrt(Math.abs(c) / most) * reach;
      if (length < 0.7) return;
      const sign = c > 0 ? -1 : 1,
        centre = x(a + 0.5),
        tip = middle + sign * length;
      const neck = tip - sign * Math.min(4, length),
        colour = c > 0 ? ink : colours.down;
      line(
        context,
        [
          [centre, middle],
          [centre, neck],
        ],
        colour,
      );
      context.fillStyle = colour;
      context.beginPath();
      for (const [px, py] of [
        [centre, tip],
        [centre - half, neck],
        [centre + half, neck],
      ])
        context.lineTo(px, py);
      context.fill();
    });
  }

  const tick = (v) => (v >= 1000 ? `${Number((v / 1000).toPrecision(3))}k` : String(Number(v.toPrecision(3))));

  /** Places for labels of equal height, pushed apart downwards and back up from the lowest place. */
  function spread(wanted, height, lowest) {
    const order = wanted.map((_, i) => i).sort((i, j) => wanted[i] - wanted[j]);
    const places = [...wanted];
    order.forEach((i, k) => {
      if (k > 0) places[i] = Math.max(places[i], places[order[k - 1]] + height);
    });
    let limit = lowest;
    for (const i of order.reverse()) {
      places[i] = Math.min(places[i], limit);
      limit = places[i] - height;
    }
    return places;
  }

  /**
   * Curves with a dot at the play-head and their names at the end. `series`: [{name, points, at, ink,
   * exact}]; `end`: the last x, or null for that of the data. Gives the x-value of a place on the canvas.
   */
  function curves(canvas, series, name, end) {
    const { context, width, height } = pen(canvas);
    const room = Math.max(...series.map((s) => context.measureText(s.name).width)) + 14;
    const left = 3 * fontSize,
      bottom = height - 2.3 * fontSize,
      right = width - room;
    const most = (i, least) => series.reduce((m, s) => s.points.reduce((n, p) => Math.max(n, p[i]), m), least);
    const xTop = end ?? most(0, 1e-3),
      yTop = ceiling(most(1, 0.05));
    const x = (v) => left + (v / xTop) * (right - left),
      y = (v) => bottom - (v / yTop) * (bottom - 8);
    for (const quarter of [0, 0.25, 0.5, 0.75, 1]) {
      line(
        context,
        [
          [left, y(yTop * quarter)],
          [right, y(yTop * quarter)],
        ],
        colours.faint,
      );
      text(context, tick(yTop * quarter), left - 6, y(yTop * quarter), "right", "middle");
      text(context, tick(xTop * quarter), x(xTop * quarter), bottom + 6, "center", "top");
    }
    text(context, name, right, height - fontSize, "right", "top");
    for (const { points, ink, exact } of series) {
      line(
        context,
        points.map(([px, py]) => [x(px), y(py)]),
        ink,
        2,
        exact ? [2, 3] : [],
      );
    }
    for (const { at, ink } of series) {
      context.fillStyle = ink;
      context.beginPath();
      context.arc(x(at[0]), y(at[1]), 4, 0, 7);
      context.fill();
    }
    const ends = spread(
      series.map((s) => y(s.at[1])),
      fontSize * 0.85,
      bottom,
    );
    series.forEach((s, i) => text(context, s.name, right + 10, ends[i], "left", "middle", s.ink));
    return (px) => ((px - left) / (right - left)) * xTop;
  }

  /** A thumbnail of one method at one step; `top` is the probability at its upper edge. */
  function thumbnail(canvas, { pi, reference, top, ink }) {
    const { context, width, height } = pen(canvas);
    const x = (a) => (a / pi.length) * width,
      y = (p) => height - 1 - (p / top) * (height - 4);
    area(context, reference, x, y, colours.reference, 0.3);
    bars(context, pi, x, y, ink, 0);
    line(
      context,
      [
        [0, height - 0.5],
        [width, height - 0.5],
      ],
      colours.muted,
    );
  }

  return { theme, ceiling, panel, curves, thumbnail };
})();
