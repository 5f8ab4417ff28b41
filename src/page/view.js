// What is shown: settings, runs, and the page made of them. Numbers come from Engine, pictures from Draw.
"use strict";

const View = (() => {
  const { DATA, METHODS, byName, WORDS, DEFAULT_RATE, SLIDERS } = Knobs;
  const { world } = DATA;
  const $ = (id) => document.getElementById(id);

  const TALLEST = 0.2; // the highest top of a histogram
  const SLICE = 100; // milliseconds after which work goes on in the next picture
  const TABLE_PAUSE = 250; // milliseconds between two tables while playing
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
  let described = 0; // when the table was last written

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
    compute(SLICE, shown());
  }

  /** Shown methods change: keep what is there. */
  function select(names) {
    settings = { ...settings, methods: METHODS.map((m) => m.name).filter((name) => names.includes(name)) };
    runs = new Map(
      settings.methods.map((name) => [name, runs.get(name) ?? new Engine.Run(settings, name, world, uniforms.at)]),
    );
    stale.strip = true;
    compute(SLICE, shown());
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
      return { name, points: run.frames.map(place), at: place(frameAt(run, shown())), ink, exact };
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

  /** The film strips, once every frame is computed: each picture is a button that goes there. */
  function drawStrip() {
    const steps = stripSteps(last());
    for (const [name, run] of runs) {
      const row = $("strip").querySelector(`[data-method="${name}"]`);
      const frames = steps.map((step) => frameAt(run, step));
      const most = frames.reduce((m, frame) => frame.pi.reduce((n, p) => Math.max(n, p), m), 0.01);
      row.innerHTML = frames
        .map(() => `<button type="button"><canvas aria-hidden="true"></canvas><span></span></button>`)
        .join("");
      [...row.children].forEach((button, i) => {
        const { step, pi, reward } = frames[i];
        button.dataset.step = step;
        button.setAttribute("aria-label", `${byName.get(name).label}, go to step ${step}: reward ${number(reward)}`);
        button.lastChild.textContent = i === 0 ? `step ${step}` : step;
        const look = { pi, reference: geometry().reference, top: Draw.ceiling(most), ink: byName.get(name).ink };
        Draw.thumbnail(button.firstChild, look);
      });
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
    const now = performance.now();
    if (playing && now - described < TABLE_PAUSE) return;
    described = now;
    describe(step);
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
      .map((name) => `<p>${byName.get(name).label}</p><div class="frames" data-method="${name}"></div>`)
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
          ([value, text]) => `<label><input type="radio" name="${key}" value="${value}"><span>${text}</span></label>`,
        )
        .join("");
      $(key).addEventListener("change", (event) =>
        turn({ [key]: event.target.value, ...(key === "policy" ? { lr: DEFAULT_RATE[event.target.value] } : {}) }),
      );
    }
    $("sliders").innerHTML = SLIDERS.map(
      ({ key, label, note }) =>
        `<div class="knob"><div class="row"><label for="knob-${key}">${label}</label><output id="value-${key}" for="knob-${key}"></output></div><input type="range" id="knob-${key}" min="0" step="1">${note ? `<small>${note}</small>` : ""}</div>`,
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
        `<details><summary>${label}</summary><dl>${told.map(([name, text]) => `<dt>${name}</dt><dd>${text}</dd>`).join("")}</dl></details>`,
    ).join("");
  }
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
    const preset = Knobs.presetOf(settings);
    document.querySelectorAll(".preset").forEach((button, i) => {
      button.setAttribute("aria-pressed", DATA.presets[i] === preset);
    });
    const look = preset ? preset.look : "Settings of your own: compare the methods at the same step, or take a preset.";
    if ($("look").dataset.text !== look) {
      $("look").dataset.text = look;
      $("look").innerHTML = look;
    }
  }

  // ---- what can be done

  function turn(changes) {
    settings = { ...settings, ...changes };
    restart();
    refresh();
  }

  /** Opens what a permalink says, and tells what in it could not be. */
  function open(text, onto = DATA.first) {
    const read = Knobs.read(text, onto);
    settings = read.settings;
    restart();
    refresh();
    $("shared").textContent = read.ignored.length ? `Not understood in the link: ${read.ignored.join(", ")}.` : "";
    return read.at;
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
    compute(SLICE, shown());
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
    } else if (stale.strip) {
      const done = compute(12, last());
      if (done) {
        stale.strip = false;
        drawStrip();
      }
      draw();
    }
    requestAnimationFrame(tick);
  }

  function restyle() {
    readTheme();
    drawStrip();
    draw();
  }

  buildKnobs();
  return {
    settings: () => settings,
    step: shown,
    last,
    isPlaying: () => playing,
    open,
    go,
    play,
    draw,
    restyle,
    tick,
  };
})();
