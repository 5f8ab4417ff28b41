// The player: what buttons, keys, links and pointers do.
"use strict";

(() => {
  const $ = (id) => document.getElementById(id);
  const jump = (step) => {
    View.play(false);
    View.go(step);
  };

  function share(text, done) {
    const tell = (message) => {
      $("shared").textContent = message;
    };
    const closed = () => tell("The clipboard is closed to this page: copy from the address bar or the box below.");
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => tell(done), closed);
    else closed();
  }

  function save(text, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  function listenToPlayer() {
    document.querySelectorAll(".preset").forEach((button, i) =>
      button.addEventListener("click", () => {
        View.go(0);
        View.open(Knobs.DATA.presets[i].query);
        View.play(true);
      }),
    );
    $("play").addEventListener("click", () => View.play(!View.isPlaying()));
    $("back").addEventListener("click", () => jump(View.step() - 1));
    $("forward").addEventListener("click", () => jump(View.step() + 1));
    $("step").addEventListener("input", (event) => jump(Number(event.target.value)));
    $("axis").addEventListener("change", View.draw);
  }

  /** Curves are clicked and dragged, pictures of the film strip clicked. */
  function listenToPictures() {
    for (const id of ["rewards", "kls"]) {
      const canvas = $(id);
      const scrub = (event) => {
        if (!canvas.stepAt || (event.type === "pointermove" && !event.buttons)) return;
        jump(Math.round(canvas.stepAt(event.offsetX)));
      };
      canvas.addEventListener("pointerdown", scrub);
      canvas.addEventListener("pointermove", scrub);
    }
    $("strip").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) jump(Number(button.dataset.step));
    });
  }

  /** Keys do what they say unless the control that has the focus needs them itself. */
  function listenToKeys() {
    const acts = {
      " ": () => View.play(!View.isPlaying()),
      ArrowLeft: () => jump(View.step() - 1),
      ArrowRight: () => jump(View.step() + 1),
      Home: () => jump(0),
      End: () => jump(View.last()),
    };
    document.addEventListener("keydown", (event) => {
      const needed = event.key === " " ? /^(INPUT|SELECT|BUTTON|SUMMARY|A)$/ : /^(INPUT|SELECT)$/;
      const act = acts[event.key];
      if (!act || needed.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act();
    });
  }

  function listenToThePage() {
    const root = document.documentElement;
    $("theme").addEventListener("click", () => {
      const next = { auto: "light", light: "dark", dark: "auto" }[root.dataset.theme ?? "auto"];
      if (next === "auto") delete root.dataset.theme;
      else root.dataset.theme = next;
      $("theme").textContent = `Theme: ${next}`;
      View.restyle();
    });
    $("copy-link").addEventListener("click", () => share(location.href, "The link is copied."));
    $("copy-scenario").addEventListener("click", () =>
      share(Knobs.scenario(View.settings()), "The scenario is copied."),
    );
    $("save-scenario").addEventListener("click", () => save(Knobs.scenario(View.settings()), "laboratory.toml"));
    window.addEventListener("resize", View.restyle);
    window.addEventListener("hashchange", () => arrive(Knobs.DATA.first));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", View.restyle);
  }

  /** Goes where the address points; without a step the page plays, unless motion is unwanted. */
  function arrive(onto) {
    const link = location.hash.slice(1);
    const at = View.open(link, onto);
    if (at !== null) jump(at);
    else View.play(!matchMedia("(prefers-reduced-motion: reduce)").matches);
  }

  listenToPlayer();
  listenToPictures();
  listenToKeys();
  listenToThePage();
  $("knobs").open = !matchMedia("(max-width: 52rem)").matches;
  arrive(Knobs.DATA.start);
  requestAnimationFrame(View.tick);
})();
