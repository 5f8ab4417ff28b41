// Headless Chromium, watched: console errors and requests are faults.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const SHOTS = process.env.SHOTS;

export async function launch() {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: FLAGS });
}

/** Opens a file; `close` fails if anything was logged as an error or asked of the network. */
export async function open(browser, file, { hash = "", ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!/^(file|data|blob):/.test(request.url())) faults.push(`request: ${request.url()}`);
  });
  const start = performance.now();
  await page.goto(`file://${file}${hash}`);
  const loaded = performance.now() - start;
  return {
    page,
    loaded,
    shot: async (name, fullPage = false) => {
      if (!SHOTS) return;
      mkdirSync(SHOTS, { recursive: true });
      await page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage });
    },
    close: async () => {
      await context.close();
      assert.deepEqual(faults, [], file);
    },
  };
}

/** Every control has a name, every picture a description, every id is unique. */
export async function checkNames(page) {
  const faults = await page.evaluate(() => {
    const named = (node) =>
      node.getAttribute("aria-label") || node.labels?.length || node.textContent.trim() || node.title;
    const nameless = [...document.querySelectorAll("button, input, select, a[href], summary")]
      .filter((node) => !named(node))
      .map((node) => node.outerHTML.slice(0, 80));
    const silent = [...document.querySelectorAll("canvas:not([aria-hidden]), [role=img]")]
      .filter((node) => !node.getAttribute("aria-label") && !node.getAttribute("aria-labelledby"))
      .map((node) => node.outerHTML.slice(0, 80));
    const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
    const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
    return [...nameless, ...silent, ...twice];
  });
  assert.deepEqual(faults, []);
}

/** Nothing is wider than the window. */
export async function checkFits(page) {
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= window, `${wide} px in a window of ${window} px`);
}

/** Runs one named check. */
export async function check(name, work) {
  await work();
  console.log(`ok  ${name}`);
}
