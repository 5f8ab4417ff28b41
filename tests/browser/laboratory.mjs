// The laboratory's page, `modeseek demo --html`.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { check, checkFits, checkNames, open } from "./browser.mjs";

/** The row of the table that a method has, as numbers: reward, reverse KL, forward KL. */
const row = (page, method) =>
  page.$eval(`#numbers tr[data-method="${method}"]`, (tr) =>
    [...tr.cells].slice(1, 4).map((td) => Number(td.textContent)),
  );

const step = (page) => page.$eval("#where", (node) => Number(/step (\d+)/.exec(node.textContent)[1]));

export async function laboratory(browser, modeseek, folder) {
  const file = join(folder, "laboratory.html");
  execFileSync(modeseek, ["demo", "--html", file]);
  console.log(`    ${statSync(file).size} bytes`);

  await check("the page opens, plays and stops at the end", async () => {
    const { page, loaded, shot, close } = await open(browser, file, { hash: "#steps=50" });
    console.log(`    opened and drawn in ${Math.round(loaded)} ms`);
    await page.waitForFunction(() => document.getElementById("where").textContent === "step 50 of 50");
    assert.equal(await page.textContent("#play"), "Play");
    await checkNames(page);
    await shot("laboratory-light", true);
    await close();
  });

  await check("a slider, a choice and a method change the numbers", async () => {
    const { page, close } = await open(browser, file, { hash: "#at=40" });
    const before = await row(page, "dpo");
    await page.focus("#knob-beta");
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.textContent("#value-beta"), "0.2");
    const after = await row(page, "dpo");
    assert.notDeepEqual(after, before);
    assert.equal(await step(page), 40, "the step stays where it was");
    await page.check('#reward input[value="near"]', { force: true });
    assert.ok((await row(page, "dpo"))[0] > after[0] + 0.3, "a near peak is found sooner");
    await page.uncheck('#methods input[value="dpo"]');
    await page.check('#methods input[value="ppo"]');
    assert.equal(await page.$('.panel[data-method="dpo"]'), null);
    assert.ok(await page.$('.panel[data-method="ppo"]'));
    assert.match(page.url(), /reward=near.*beta=0.2.*methods=.*ppo&at=40$/);
    await close();
  });

  await check("the keyboard alone plays, steps and turns", async () => {
    const { page, close } = await open(browser, file, { hash: "#at=10" });
    await page.keyboard.press("ArrowRight");
    assert.equal(await step(page), 11);
    await page.keyboard.press("End");
    assert.equal(await step(page), 300);
    await page.keyboard.press("Home");
    await page.keyboard.press("Space");
    await page.waitForFunction(() => Number(document.getElementById("step").value) > 5);
    await page.keyboard.press("Space");
    const there = await step(page);
    assert.ok(there > 5 && there < 300);
    await page.focus('#data input[value="on-policy"]');
    await page.keyboard.press("ArrowRight");
    assert.match(page.url(), /data=offline/);
    await close();
  });

  await check("a permalink brings the same numbers back", async () => {
    const hash =
      "#reward=two-modes&policy=bump&data=on-policy&beta=0.1&b=100&t=1&lr=0.01&steps=200&seed=0&methods=forward-kl,reverse-kl&at=200";
    const first = await open(browser, file, { hash });
    const [cover, seek] = [await row(first.page, "forward-kl"), await row(first.page, "reverse-kl")];
    assert.ok(seek[0] > cover[0] + 0.3, "seeking rewards more than covering");
    const url = first.page.url();
    await first.close();
    const second = await open(browser, file, { hash: url.slice(url.indexOf("#")) });
    assert.deepEqual(await row(second.page, "reverse-kl"), seek);
    await second.shot("laboratory-two-modes");
    await second.close();
  });

  await check("presets say what to look for", async () => {
    const { page, close } = await open(browser, file, { hash: "#at=0" });
    const seen = new Set();
    for (const preset of await page.$$(".preset")) {
      await preset.click();
      assert.equal(await preset.getAttribute("aria-pressed"), "true");
      seen.add(await page.textContent("#look"));
    }
    assert.equal(seen.size, (await page.$$(".preset")).length);
    await close();
  });

  await check("the scenario that the page writes runs to the page's numbers", async () => {
    const { page, close } = await open(browser, file, {
      hash: "#data=offline&b=400&t=2&steps=60&methods=dpo,best-of-n,ppo&at=60",
    });
    const scenario = join(folder, "laboratory.toml");
    writeFileSync(scenario, await page.textContent("#scenario"));
    execFileSync(modeseek, ["run", scenario, "--seeds", "0..1", "--out", join(folder, "runs")], { stdio: "pipe" });
    const read = (name) =>
      readFileSync(join(folder, "runs/laboratory", name), "utf8")
        .trim()
        .split("\n")
        .map((line) => line.split(","));
    const metrics = read("metrics.csv");
    for (const method of ["dpo", "best-of-n", "ppo"]) {
      const [reward, reverse] = await row(page, method);
      for (const [metric, shown] of [
        ["gold_reward", reward],
        ["reverse_kl_ref", reverse],
      ]) {
        const line = metrics.find((m) => m[1] === method && m[3] === "60" && m[6] === metric);
        assert.ok(Math.abs(Number(line[7]) - shown) <= 0.00005 + 1e-9, `${method} ${metric}: ${line[7]} and ${shown}`);
      }
    }
    await close();
  });

  await check("a phone, the dark and reduced motion", async () => {
    const { page, shot, close } = await open(browser, file, {
      viewport: { width: 375, height: 760 },
      colorScheme: "dark",
      reducedMotion: "reduce",
      hasTouch: true,
      isMobile: true,
    });
    await checkFits(page);
    assert.equal(await step(page), 0, "nothing moves by itself");
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(20, 22, 27)");
    assert.equal(await page.$eval("#knobs", (node) => node.open), false);
    await shot("laboratory-phone", true);
    await close();
  });

  await check("six methods at sixty steps a second (printed)", async () => {
    const { page, close } = await open(browser, file, { hash: "#steps=600" });
    const start = await step(page);
    const [from, to, seconds] = await page.evaluate(
      () =>
        new Promise((done) => {
          const at = () => Number(document.getElementById("step").value);
          const [first, began] = [at(), performance.now()];
          setTimeout(() => done([first, at(), (performance.now() - began) / 1000]), 3000);
        }),
    );
    console.log(`    ${((to - from) / seconds).toFixed(0)} steps a second (asked for: 60)`);
    assert.ok(to > start);
    await close();
  });
}
