// The settings: what they are called, how far they turn, as permalinks and as scenarios.
"use strict";

const Knobs = (() => {
  const DATA = JSON.parse(document.getElementById("data-json").textContent);
  const METHODS = DATA.methods;
  const byName = new Map(METHODS.map((method) => [method.name, method]));

  const WORDS = {
    reward: { near: "near π_ref", far: "far from π_ref", "two-modes": "two modes" },
    policy: { table: "free table", bump: "one bump" },
    data: { "on-policy": "on-policy", offline: "offline", skewed: "offline, skewed" },
  };
  const DEFAULT_RATE = { table: 0.1, bump: 0.01 };
  const SLIDERS = [
    {
      key: "beta",
      label: "β",
      stops: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2],
      note: "small: far from π_ref. DPO’s β, IPO’s τ, RWR’s temperature, the target of the divergences",
    },
    {
      key: "b",
      label: "B, responses per round",
      stops: [100, 200, 400, 800, 1600, 3200, 6400],
      note: "large: later steps use stale samples; offline there are 1000 responses in all",
    },
    {
      key: "t",
      label: "T, passes over a round",
      stops: [1, 2, 4, 8, 16, 32, 64],
      note: "large: samples are used again",
    },
    { key: "lr", label: "learning rate (Adam)", stops: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1], note: "" },
    { key: "steps", label: "steps", stops: [20, 50, 100, 200, 300, 600], note: "" },
    {
      key: "seed",
      label: "seed",
      stops: Array.from({ length: 20 }, (_, i) => i),
      note: "all methods share its random numbers",
    },
  ];
  const KEYS = ["reward", "policy", "data", "beta", "b", "t", "lr", "steps", "seed", "methods"];
  const query = (settings) =>
    KEYS.map((key) => `${key}=${key === "methods" ? settings.methods.join(",") : settings[key]}`).join("&");

  /** Reads what a permalink says; what it cannot say is left as it is. */
  function read(text, onto) {
    const read = { ...onto };
    for (const part of text.split("&")) {
      const [key, value = ""] = part.split("=");
      if (WORDS[key] && value in WORDS[key]) read[key] = value;
      else if (key === "methods") {
        const asked = value.split(",").filter((name) => byName.has(name));
        if (asked.length) read.methods = METHODS.map((m) => m.name).filter((name) => asked.includes(name));
      } else if (DATA.ranges[key]) {
        const x = Number(value);
        const { least, most } = DATA.ranges[key];
        const whole = !["beta", "lr"].includes(key);
        const fits =
          value !== "" && x >= least && x <= most && (!whole || Number.isInteger(x)) && (key !== "b" || x % 100 === 0);
        if (fits) read[key] = x;
      }
    }
    return read;
  }

  /** Settings as a scenario, as the program writes them. */
  function scenario(settings) {
    const toml = (x) => (Number.isInteger(x) ? `${x}.0` : String(x));
    const { scenarios, methods } = DATA.patterns;
    const values = {
      METHODS: settings.methods.map((name) => methods[name]).join(""),
      BETA: toml(settings.beta),
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

  return { DATA, METHODS, byName, WORDS, DEFAULT_RATE, SLIDERS, KEYS, query, read, scenario };
})();
