// The page at work: knobs, player, what is shown. Numbers come from Engine, pictures from Draw.
"use strict";

(() => {
  const { DATA, METHODS, byName, WORDS, DEFAULT_RATE, SLIDERS, KEYS } = Knobs;
  const { world } = DATA;
  const $ = (id) => document.getElementById(id);

  const TALLEST = 0.2; // the highest top of a histogram
  /** Steps of the film strip: each twice as late as the one before, and the last. */
  const stripSteps = (last) => {
    const doubled = [];
    for (let step = 1; step < last; step *= 2) doubled.push(step);
    return [0, ...doubled.slice(-7), last];
  };

  let settings = { ...DATA.start };
  let head = 0; // the step shown; a fraction while playing
  let playing = false;
  let runs = new Map();
  let uniforms = { seed: null, at: null };
  let stale = { strip: true };

  const last = () => settings.steps;
  const shown = () => Math.floor(head);
  const number = (x, digits = 3) => (Math.abs(x) >= 1000 ? Math.round(x).toLocaleString("en") : x.toFixed(digits));
  const percent = (share, digits) => (share === null ? "–" : `${(100 * share).toFixed(digits)} %`);

  // ---- permalinks

  function writeHash() {
    history.replaceState(null, "", `#${Knobs.query(settings)}&at=${shown()}`);
  }

  // ---- runs

  /** New settings mean new runs; the step stays, so that settings are compared at the same step. */
  function restart() {
    if (uniforms.seed !== settings.seed) uniforms = { seed: settings.seed, at: Random.sampleUniforms(settings.seed) };
    runs = new Map(settings.methods.map((name) => [name, new Engine.Run(settings, name, world, uniforms.at)]));
    head = Math.min(head, last());
    stale.strip = true;
    compute(Infinity, shown());
  }

  /** Shown methods change: keep what is there. */
  function select(names) {
    settings = { ...settings, methods: METHODS.map((m) => m.name).filter((name) => names.includes(name)) };
    runs = new Map(
      settings.methods.map((name) => [name, runs.get(name) ?? new Engine.Run(settings, name, world, uniforms.at)]),
    );
    stale.strip = true;
    compute(Infinity, shown());
  }

  /** Brings every run to a step, for at most some milliseconds; true if all are there. */
  function compute(milliseconds, step) {
    const end = performance.now() + milliseconds;
    for (const run of runs.values()) {
      while (run.frames.length <= step && !run.failed) {
        const target = Math.min(step, run.frames.length + 9);
        if (!run.reach(target)) break;
        if (performance.now() > end) return false;
      }
    }
    return true;
  }

  const frameAt = (run, step) => run.frames[Math.min(step, run.frames.length - 1)];

  // ---- drawing

  /** The probability at the top of every panel; taller bars are cut off there and say their height. */
  function commonTop() {
    let most = 0.02;
    for (const run of runs.values()) most = frameAt(run, shown()).pi.reduce((m, p) => Math.max(m, p), most);
    return Math.min(TALLEST, Draw.ceiling(most));
  }

  /** The share of the last step's push that goes down, Σ max(c, 0) / Σ |c|; null if it has none. */
  function downOf(run, step) {
    const frame = frameAt(run, step);
    if (!run.exact) return frame.down;
    const [down, all] = run
      .pushes(Math.min(step, run.frames.length - 1))
      .reduce(([d, s], push) => [d + Math.max(-push, 0), s + Math.abs(push)], [0, 0]);
    return all > 0 ? down / all : null;
  }

  const geometry = () => world.geometries[`${settings.reward}/${settings.policy}`];

  const AXES = {
    step: { name: "steps", of: (frame) => frame.step },
    queries: { name: "queries", of: (frame) => frame.queries },
    kl: { name: "KL(π‖π_ref), nats", of: (frame) => frame.reverseKl },
  };

  /** Curves of a number of all methods along an axis. */
  function drawCurves(canvas, value, key) {
    const axis = AXES[key];
    const place = (frame) => [axis.of(frame), value(frame)];
    const series = [...runs].map(([name, run]) => {
      const { ink, exact } = byName.get(name);
      return { points: run.frames.map(place), at: place(frameAt(run, shown())), ink, exact };
    });
    const stepAt = Draw.curves(canvas, series, axis.name, key === "step" ? last() : null);
    canvas.stepAt = key === "step" ? stepAt : null;
  }

  function drawPanel(panel, step, top) {
    const method = byName.get(panel.dataset.method),
      run = runs.get(method.name),
      frame = frameAt(run, step);
    Draw.panel(panel.querySelector("canvas"), {
      pi: frame.pi,
      pushes: run.pushes(Math.min(step, run.frames.length - 1)),
      top,
      ink: method.ink,
      ...geometry(),
      data: settings.data === "skewed" ? world.skewed : null,
      target: run.exact ? run.logTarget.map(Math.exp) : null,
    });
    const [reward, kl, down] = panel.querySelectorAll("dd");
    reward.textContent = number(frame.reward);
    kl.textContent = `${number(frame.reverseKl, 2)} nats`;
    down.textContent = percent(downOf(run, step), 0);
    panel.querySelector(".failed").textContent = run.failed ? `Stopped: ${run.failed}.` : "";
  }

  /** The film strips, once every frame is computed. */
  function drawStrip() {
    const steps = stripSteps(last());
    for (const canvas of $("strip").querySelectorAll("canvas")) {
      const run = runs.get(canvas.dataset.method);
      const frames = steps.map((step) => frameAt(run, step));
      Draw.strip(canvas, { frames, steps, reference: geometry().reference, ink: byName.get(run.method).ink });
    }
  }

  function draw() {
    const step = shown();
    const top = commonTop();
    for (const panel of $("panels").children) drawPanel(panel, step, top);
    drawCurves($("rewards"), (frame) => frame.reward, $("axis").value);
    drawCurves($("kls"), (frame) => frame.reverseKl, "step");
    $("step").value = step;
    $("step").setAttribute("aria-valuetext", `step ${step} of ${last()}`);
    $("where").textContent = `step ${step} of ${last()}`;
    if (!playing) describe(step);
  }

  /** What is drawn, in words and as a table: for screen readers, and for reading off. */
  function describe(step) {
    const rows = [...runs].map(([name, run]) => {
      const f = frameAt(run, step),
        method = byName.get(name);
      const best = f.pi.reduce((b, p, a) => (p > f.pi[b] ? a : b), 0);
      document
        .querySelector(`.panel[data-method="${name}"] canvas`)
        .setAttribute(
          "aria-label",
          `${method.label} at step ${f.step}: highest at arm ${best} with probability ${number(f.pi[best])}, gold reward ${number(f.reward)}, KL from π_ref ${number(f.reverseKl, 2)} nats`,
        );
      const cells = [
        number(f.reward, 4),
        number(f.reverseKl, 4),
        number(f.forwardKl, 4),
        method.exact ? "exact" : f.queries.toLocaleString("en"),
        percent(downOf(run, step), 1),
        best,
      ];
      return `<tr data-method="${name}"><th scope="row">${method.label}</th>${cells.map((c) => `<td>${c}</td>`).join("")}</tr>`;
    });
    $("numbers").tBodies[0].innerHTML = rows.join("");
    const leader = [...runs]
      .map(([name, run]) => [byName.get(name).label, frameAt(run, step).reward])
      .sort((a, b) => b[1] - a[1])[0];
    $("rewards").setAttribute(
      "aria-label",
      `Curves of the gold reward. At step ${step} the highest is ${leader[0]} with ${number(leader[1])}; all numbers are in the table below.`,
    );
    $("kls").setAttribute(
      "aria-label",
      `Curves of KL(π‖π_ref) against steps; all numbers at step ${step} are in the table below.`,
    );
  }

  // ---- what the page is made of

  function buildPanels() {
    $("panels").innerHTML = settings.methods
      .map((name) => {
        const { label, exact } = byName.get(name);
        return `<article class="panel${exact ? " exact" : ""}" data-method="${name}"><h3>${label}</h3><dl><div><dt>reward</dt><dd></dd></div><div><dt>KL</dt><dd></dd></div><div><dt>pushed down</dt><dd></dd></div></dl><canvas role="img"></canvas><p class="failed"></p></article>`;
      })
      .join("");
    $("strip").innerHTML = settings.methods
      .map(
        (name) =>
          `<p>${byName.get(name).label}</p><canvas data-method="${name}" role="img" aria-label="Film strip of ${byName.get(name).label}"></canvas>`,
      )
      .join("");
    readTheme();
  }

  function readTheme() {
    Draw.theme(METHODS);
    for (const node of document.querySelectorAll("[data-method]"))
      node.style.setProperty("--swatch", byName.get(node.dataset.method).ink);
  }

  function buildKnobs() {
    for (const [key, words] of Object.entries(WORDS)) {
      $(key).innerHTML = Object.entries(words)
        .map(
          ([value, text]) =>
            `<label><input type="radio" name="${key}" value="${value}"><span>${html(text)}</span></label>`,
        )
        .join("");
      $(key).addEventListener("change", (event) =>
        turn({ [key]: event.target.value, ...(key === "policy" ? { lr: DEFAULT_RATE[event.target.value] } : {}) }),
      );
    }
    $("sliders").innerHTML = SLIDERS.map(
      ({ key, label, note }) =>
        `<div class="knob"><div class="row"><label for="knob-${key}">${label}</label><output id="value-${key}" for="knob-${key}"></output></div><input type="range" id="knob-${key}" min="0" step="1">${note ? `<small>${html(note)}</small>` : ""}</div>`,
    ).join("");
    for (const slider of SLIDERS) {
      $(`knob-${slider.key}`).addEventListener("input", (event) =>
        turn({ [slider.key]: slider.stops[event.target.value] }),
      );
    }
    $("methods").innerHTML += METHODS.map(
      ({ name, label, exact }) =>
        `<label data-method="${name}"><input type="checkbox" value="${name}"><i class="swatch${exact ? " exact" : ""}"></i>${label}</label>`,
    ).join("");
    $("methods").addEventListener("change", () => {
      const names = [...$("methods").querySelectorAll("input:checked")].map((box) => box.value);
      if (names.length) select(names);
      refresh();
    });
    $("method-terms").innerHTML = METHODS.map(
      ({ label, told }) =>
        `<details><summary>${label}</summary><dl>${told.map(([name, text]) => `<dt>${name}</dt><dd>${html(text)}</dd>`).join("")}</dl></details>`,
    ).join("");
  }
  /** Plain text as HTML, with the subscript of π_ref. */
  const html = (text) =>
    text
      .replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c])
      .replaceAll("π_ref", "π<sub>ref</sub>");

  /** Shows the settings on the knobs; a value between two stops becomes a stop. */
  function showKnobs() {
    for (const key of Object.keys(WORDS)) $(key).querySelector(`[value="${settings[key]}"]`).checked = true;
    for (const slider of SLIDERS) {
      const value = settings[slider.key];
      if (!slider.stops.includes(value)) slider.stops = [...slider.stops, value].sort((a, b) => a - b);
      const knob = $(`knob-${slider.key}`);
      knob.max = slider.stops.length - 1;
      knob.value = slider.stops.indexOf(value);
      knob.setAttribute("aria-valuetext", String(value));
      $(`value-${slider.key}`).textContent = value.toLocaleString("en", { maximumSignificantDigits: 6 });
    }
    for (const box of $("methods").querySelectorAll("input")) box.checked = settings.methods.includes(box.value);
    $("step").max = last();
    $("key-data").hidden = settings.data !== "skewed";
    $("scenario").textContent = Knobs.scenario(settings);
    const now = Knobs.query(settings);
    document.querySelectorAll(".preset").forEach((button, i) => {
      const preset = DATA.presets[i];
      const pressed = KEYS.every((key) => now.includes(`${key}=${String(Knobs.read(preset.query, DATA.first)[key])}`));
      button.setAttribute("aria-pressed", pressed);
      if (pressed && $("look").dataset.preset !== preset.name) {
        $("look").dataset.preset = preset.name;
        $("look").innerHTML = html(preset.look);
      }
    });
  }

  // ---- what can be done

  function turn(changes) {
    settings = { ...settings, ...changes };
    restart();
    refresh();
  }

  function open(text) {
    settings = Knobs.read(text, DATA.first);
    restart();
    refresh();
  }

  function refresh() {
    const there = [...$("panels").children].map((panel) => panel.dataset.method).join();
    if (there !== settings.methods.join()) buildPanels();
    showKnobs();
    if (!playing) writeHash();
    draw();
  }

  function go(step) {
    head = Math.max(0, Math.min(last(), step));
    compute(Infinity, shown());
    writeHash();
    draw();
  }

  function play(on) {
    playing = on;
    if (playing && head >= last()) head = 0;
    $("play").textContent = playing ? "Pause" : "Play";
    if (!playing) {
      head = shown();
      writeHash();
      draw();
    }
  }

  let before = performance.now();
  /** Sixty times a second: move the play-head, compute what is needed, draw. */
  function tick(now) {
    const passed = Math.max(0, Math.min(0.1, (now - before) / 1000));
    before = now;
    if (playing) {
      const wanted = Math.min(last(), head + passed * Number($("speed").value));
      if (compute(12, Math.ceil(wanted))) head = wanted;
      if (head >= last()) play(false);
      draw();
    } else if (compute(8, last())) {
      if (stale.strip) {
        stale.strip = false;
        drawStrip();
        draw();
      }
    }
    requestAnimationFrame(tick);
  }

  function share(text, done) {
    const told = (message) => {
      $("shared").textContent = message;
    };
    navigator.clipboard?.writeText(text).then(
      () => told(done),
      () => told("The clipboard is closed to this page: copy from the address bar or the box below."),
    ) ?? told("The clipboard is closed to this page: copy from the address bar or the box below.");
  }

  function listen() {
    document.querySelectorAll(".preset").forEach((button, i) =>
      button.addEventListener("click", () => {
        head = 0;
        open(DATA.presets[i].query);
        play(true);
      }),
    );
    $("play").addEventListener("click", () => play(!playing));
    $("back").addEventListener("click", () => {
      play(false);
      go(shown() - 1);
    });
    $("forward").addEventListener("click", () => {
      play(false);
      go(shown() + 1);
    });
    $("step").addEventListener("input", (event) => {
      play(false);
      go(Number(event.target.value));
    });
    $("axis").addEventListener("change", draw);
    for (const id of ["rewards", "kls"]) {
      const canvas = $(id);
      const scrub = (event) => {
        if (!canvas.stepAt || (event.type === "pointermove" && !event.buttons)) return;
        play(false);
        go(Math.round(canvas.stepAt(event.offsetX)));
      };
      canvas.addEventListener("pointerdown", scrub);
      canvas.addEventListener("pointermove", scrub);
    }
    $("strip").addEventListener("click", (event) => {
      if (event.target.tagName !== "CANVAS") return;
      const steps = stripSteps(last());
      play(false);
      go(steps[Math.min(steps.length - 1, Math.floor((event.offsetX / event.target.clientWidth) * steps.length))]);
    });
    document.addEventListener("keydown", (event) => {
      const busy = /^(INPUT|SELECT|BUTTON|SUMMARY|A)$/.test(event.target.tagName);
      const act = {
        " ": () => play(!playing),
        ArrowLeft: () => {
          play(false);
          go(shown() - 1);
        },
        ArrowRight: () => {
          play(false);
          go(shown() + 1);
        },
        Home: () => {
          play(false);
          go(0);
        },
        End: () => {
          play(false);
          go(last());
        },
      }[event.key];
      if (!act || busy || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act();
    });
    $("theme").addEventListener("click", () => {
      const next = { auto: "light", light: "dark", dark: "auto" }[document.documentElement.dataset.theme ?? "auto"];
      if (next === "auto") delete document.documentElement.dataset.theme;
      else document.documentElement.dataset.theme = next;
      $("theme").textContent = `Theme: ${next}`;
      restyle();
    });
    $("copy-link").addEventListener("click", () => share(location.href, "The link is copied."));
    $("copy-scenario").addEventListener("click", () => share(Knobs.scenario(settings), "The scenario is copied."));
    $("save-scenario").addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([Knobs.scenario(settings)], { type: "text/plain" }));
      link.download = "laboratory.toml";
      link.click();
      URL.revokeObjectURL(link.href);
    });
    window.addEventListener("resize", restyle);
    window.addEventListener("hashchange", () => {
      const text = location.hash.slice(1);
      if (!text.startsWith(Knobs.query(settings))) {
        open(text);
        arrive(text);
      }
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);
  }

  function restyle() {
    readTheme();
    drawStrip();
    draw();
  }

  /** Goes where a permalink points; without one the page plays, unless motion is unwanted. */
  function arrive(text) {
    const at = /(?:^|&)at=(\d+)/.exec(text);
    if (at) {
      play(false);
      go(Number(at[1]));
    } else play(!matchMedia("(prefers-reduced-motion: reduce)").matches);
  }

  buildKnobs();
  listen();
  $("knobs").open = !matchMedia("(max-width: 52rem)").matches;
  const link = location.hash.slice(1);
  settings = Knobs.read(link, settings);
  restart();
  refresh();
  if (!$("look").textContent) $("look").innerHTML = html(DATA.presets[0].look);
  arrive(link);
  requestAnimationFrame(tick);
})();
