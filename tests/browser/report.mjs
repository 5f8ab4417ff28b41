// The page of results, `modeseek report` and the end of `modeseek reproduce`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { check, checkFits, checkNames, open } from "./browser.mjs";

const PATIENCE = 20000; // milliseconds, for a machine that is busy with everything else

/** Where the middle one of a plot's points stands in the window. */
const middlePoint = (plot) => {
  const { points } = JSON.parse(plot.parentElement.querySelector(".hover").textContent);
  const svg = plot.querySelector("svg");
  const box = svg.getBoundingClientRect();
  const view = svg.viewBox.baseVal;
  const [x, y] = points[Math.floor(points.length / 2)];
  return [box.x + ((x - view.x) / view.width) * box.width, box.y + ((y - view.y) / view.height) * box.height];
};

const visible = (page, selector) => page.$$eval(selector, (nodes) => nodes.filter((n) => n.checkVisibility()).length);

export async function report(browser, modeseek, folder) {
  const out = join(folder, "figures");
  const told = execFileSync(
    modeseek,
    ["reproduce", "two-modes", "kl-toy", "--runs", join(folder, "runs"), "--out", out],
    {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  const last = told.trim().split("\n").at(-1);
  const file = /open (\S+\.html)/.exec(last)?.[1];

  await check("reproduce ends by naming the report, which opens", async () => {
    assert.ok(file, last);
    const { page, loaded, shot, close } = await open(browser, file);
    console.log(`    opened in ${Math.round(loaded)} ms`);
    assert.match(await page.textContent("#seen"), /What did I just see/);
    await checkNames(page);
    await shot("report-light");
    await close();
  });

  await check("the filter leaves the claims asked for", async () => {
    const { page, close } = await open(browser, file);
    const all = await visible(page, "#claims tr.row");
    await page.fill("#filter input", "one bump");
    const some = await visible(page, "#claims tr.row");
    assert.ok(some > 0 && some < all, `${some} of ${all}`);
    await page.fill("#filter input", "");
    await page.selectOption("#filter select", { index: 1 });
    const verdict = await page.$eval("#filter select", (select) => select.value);
    const shown = await page.$$eval("#claims tr.row", (rows) =>
      rows.filter((r) => r.checkVisibility()).map((r) => r.dataset.verdict),
    );
    assert.ok(shown.length > 0 && shown.every((one) => one === verdict));
    await close();
  });

  await check("hovering and arrow keys tell values", async () => {
    const { page, shot, close } = await open(browser, file);
    const plot = page.locator(".plot").first();
    await plot.scrollIntoViewIfNeeded();
    // Sections above are laid out only when they come into view, so the plot may still be moving.
    let text = "";
    for (const end = Date.now() + PATIENCE; !text && Date.now() < end;) {
      const [x, y] = await plot.evaluate(middlePoint);
      await page.mouse.move(x + 2, y + 1);
      text = await page.$eval(".plot .tooltip", (tip) => (tip.hidden ? "" : tip.textContent));
    }
    assert.match(text, /\d/);
    await shot("report-hover");
    await page.mouse.move(1, 1);
    await plot.focus();
    await page.keyboard.press("ArrowRight");
    const first = await page.textContent("#live");
    await page.keyboard.press("ArrowRight");
    const second = await page.textContent("#live");
    assert.match(first, /\d/);
    assert.notEqual(second, first);
    await close();
  });

  await check("every link on the page leads somewhere", async () => {
    const { page, close } = await open(browser, file);
    const lost = await page.$$eval("a[href^='#']", (links) =>
      links.map((link) => link.getAttribute("href").slice(1)).filter((id) => id && !document.getElementById(id)),
    );
    assert.deepEqual(lost, []);
    await close();
  });

  await check("the report on a phone and in the dark", async () => {
    const { page, shot, close } = await open(browser, file, {
      viewport: { width: 375, height: 760 },
      colorScheme: "dark",
      isMobile: true,
      hasTouch: true,
    });
    await checkFits(page);
    await shot("report-phone");
    await close();
  });
}
