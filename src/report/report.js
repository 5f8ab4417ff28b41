"use strict";
document.documentElement.classList.add("script");

// Values under the pointer: the nearest point of a figure, by pointer, touch or arrow keys.
const REACH = 28; // CSS pixels
const live = document.getElementById("live");

for (const figure of document.querySelectorAll(".figure")) {
  const plot = figure.querySelector(".plot");
  const svg = plot.querySelector("svg");
  const dot = plot.querySelector(".dot");
  const tip = plot.querySelector(".tooltip");
  let data = null; // read when it is first asked for
  let at = -1;

  const points = () => {
    if (data === null) {
      const { lines, points } = JSON.parse(figure.querySelector(".hover").textContent);
      data = points.map(([x, y, line, text]) => ({ x, y, line, text: lines[line] + "\n" + text }));
    }
    return data;
  };
  const scale = () => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;

  const hide = () => {
    at = -1;
    dot.hidden = tip.hidden = true;
  };
  const show = (index, aloud) => {
    at = index;
    const point = points()[index];
    const [x, y] = [point.x * scale(), point.y * scale()];
    dot.hidden = tip.hidden = false;
    dot.style.left = x + "px";
    dot.style.top = y + "px";
    tip.textContent = point.text;
    const { scrollLeft, clientWidth } = plot;
    const left = Math.min(x + 14, scrollLeft + clientWidth - tip.offsetWidth - 4);
    tip.style.left = Math.max(scrollLeft, left) + "px";
    const above = y - tip.offsetHeight - 14;
    tip.style.top = (above < 0 ? y + 16 : above) + "px";
    if (aloud) {
      live.textContent = point.text;
      if (x < scrollLeft || x > scrollLeft + clientWidth) plot.scrollLeft = x - clientWidth / 2;
    }
  };
  const nearest = (x, y, wanted) => {
    let best = -1, least = Infinity;
    points().forEach((p, index) => {
      const distance = Math.hypot(p.x - x, p.y - y);
      if (distance < least && wanted(p)) [best, least] = [index, distance];
    });
    return [best, least];
  };

  const point = (event) => {
    const box = svg.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / scale(), (event.clientY - box.top) / scale()];
    const [index, distance] = nearest(x, y, () => true);
    if (index >= 0 && distance * scale() <= REACH) show(index, false);
    else hide();
  };
  plot.addEventListener("pointermove", point);
  plot.addEventListener("pointerdown", point);
  // A finger leaves when it is lifted: its value stays until another place is touched.
  plot.addEventListener("pointerleave", (event) => event.pointerType === "touch" || hide());
  plot.addEventListener("blur", hide);
  // Left and right go along a line, up and down to the nearest point of another line.
  plot.addEventListener("keydown", (event) => {
    const last = points().length - 1;
    if (last < 0) return;
    const here = points()[Math.max(at, 0)];
    const other = (sign) => {
      const found = nearest(here.x, here.y, (p) => p.line !== here.line && sign * (p.y - here.y) > 0)[0];
      return found < 0 ? at : found;
    };
    const moves = {
      ArrowRight: () => Math.min(at + 1, last),
      ArrowLeft: () => Math.max(at - 1, 0),
      ArrowUp: () => (at < 0 ? 0 : other(-1)),
      ArrowDown: () => (at < 0 ? 0 : other(1)),
      Home: () => 0,
      End: () => last,
    };
    if (event.key === "Escape") return hide();
    if (!(event.key in moves) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    show(moves[event.key](), true);
  });
}

// The table of claims, by words and verdict.
const filter = document.getElementById("filter");
if (filter) {
  const rows = [...document.querySelectorAll("#claims .row")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const apply = () => {
    const words = filter.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = filter.elements.verdict.value;
    let count = 0;
    rows.forEach((row, index) => {
      const fits = (!verdict || row.dataset.verdict === verdict) && words.every((word) => texts[index].includes(word));
      row.hidden = !fits;
      count += fits;
    });
    for (const body of document.querySelectorAll("#claims tbody")) {
      body.hidden = !body.querySelector(".row:not([hidden])");
    }
    filter.elements.shown.value = count === rows.length ? `${count} claims` : `${count} of ${rows.length} claims`;
  };
  filter.addEventListener("input", apply);
  filter.addEventListener("submit", (event) => event.preventDefault());
  for (const link of document.querySelectorAll(".counts a")) {
    link.addEventListener("click", () => {
      filter.elements.verdict.value = link.dataset.verdict;
      filter.elements.text.value = "";
      apply();
    });
  }
}

// The list of contents: closed where it would fill the screen, and marking where the reader is.
const contents = document.querySelector("#contents details");
const wide = window.matchMedia("(min-width: 70rem)");
const fit = () => { contents.open = wide.matches; };
wide.addEventListener("change", fit);
fit();
const links = new Map([...contents.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
const watch = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const link = links.get(target.id);
    if (isIntersecting) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}, { rootMargin: "-10% 0px -80% 0px" });
for (const id of links.keys()) {
  const target = document.getElementById(decodeURIComponent(id));
  if (target) watch.observe(target);
}
