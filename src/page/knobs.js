// The settings: what they are called, how far they turn, as permalinks and as scenarios.
"use strict";

const Knobs = (() => {
  const DATA = JSON.parse(document.getElementById("data-json").textContent);
  const METHODS = DATA.methods;
  const byName = new Map(METHODS.map((method) => [method.name, method]));

  /** What is chosen by words, and what the page calls it (HTML). */
  const WORDS = {
    reward: { near: "near π<sub>ref</sub>", far: "far from π<sub>ref</sub>", "two-modes": "two modes" },
    policy: { table: "free table", bump: "one bump" },
    data: { "on-policy": "on-policy", offline: "offline", skewed: "offline, skewed" },
  };
  const DEFAULT_RATE = Object.fromEntries(DATA.rates);
  const SLIDERS = [
    {
      key: "beta",
      label: "β",
      note: "small: far from π<sub>ref</sub>. DPO’s β, RWR’s temperature, one over IPO’s margin; but for two modes, the target of the divergences",
    },
    {
      key: "b",
      label: "B, responses per round",
      note: "large: later steps use stale samples; offline there are 1000 responses in all",
    },
    { key: "t", label: "T, passes over a round", note: "large: samples are used again" },
    { key: "lr", label: "learning rate (Adam)", note: "" },
    { key: "steps", label: "steps", note: "" },
    { key: "seed", label: "seed", note: "all methods share its random numbers" },
  ].map((slider) => ({ ...slider, stops: [...DATA.ranges[slider.key].rungs] }));

  /** A value as permalinks write it. */
  const written = (value) => (Array.isArray(value) ? value.join(",") : String(value));
  const query = (settings) => DATA.keys.map((key) => `${key}=${written(settings[key])}`).join("&");
  const same = (a, b) => query(a) === query(b);

  /** A value that a permalink gives to a key; undefined if it cannot be set. */
  function value(key, text) {
    if (Object.hasOwn(WORDS, key)) return Object.hasOwn(WORDS[key], text) ? text : undefined;
    if (key === "methods") {
      const asked = text.split(",");
      const known = METHODS.map((method) => method.name).filter((name) => asked.includes(name));
      return known.length === asked.length ? known : undefined;
    }
    if (!Object.hasOwn(DATA.ranges, key) || text === "") return undefined;
    const { least, most } = DATA.ranges[key];
    const x = Number(text);
    const fits = ["beta", "lr"].includes(key) || Number.isInteger(x / (key === "b" ? 100 : 1));
    return x >= least && x <= most && fits ? x : undefined;
  }

  /** Reads a permalink onto settings: `{settings, at, ignored}`; what cannot be set is ignored. */
  function read(text, onto) {
    const read = { settings: { ...onto }, at: null, ignored: [] };
    for (const part of decodeURIComponent(text).split("&")) {
      const [key, given = ""] = part.split("=");
      const found = value(key, given);
      if (found !== undefined) read.settings[key] = found;
      else if (key === "at" && /^\d+$/.test(given)) read.at = Number(given);
      else if (part) read.ignored.push(part);
    }
    return read;
  }

  /** The preset whose settings these are, if any. */
  const presetOf = (settings) => DATA.presets.find((preset) => same(read(preset.query, DATA.first).settings, settings));

  /** Settings as a scenario, as the program writes them. */
  function scenario(settings) {
    const toml = (x) => (Number.isInteger(x) ? `${x}.0` : String(x));
    const { scenarios, methods } = DATA.patterns;
    const values = {
      METHODS: settings.methods.map((name) => methods[name]).join(""),
      BETA: toml(settings.beta),
      MARGIN: toml(1 / settings.beta),
      B: Engine.samplesPerRound(settings),
      T: settings.t,
      RATE: toml(settings.lr),
      STEPS: settings.steps,
      SEED: settings.seed,
    };
    return Object.entries(values).reduce(
      (text, [name, value]) => text.replaceAll(`@${name}@`, value),
      scenarios[`${settings.reward}/${settings.policy}/${settings.data}`],
    );
  }

  return { DATA, METHODS, byName, WORDS, DEFAULT_RATE, SLIDERS, query, same, read, presetOf, scenario };
})();
