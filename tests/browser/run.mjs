// All browser tests: `npm test`.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { launch } from "./browser.mjs";
import { laboratory } from "./laboratory.mjs";
import { report } from "./report.mjs";

const modeseek = resolve(import.meta.dirname, process.env.MODESEEK ?? "../../target/release/modeseek");
const folder = mkdtempSync(join(tmpdir(), "modeseek-browser-"));
const browser = await launch();
try {
  await laboratory(browser, modeseek, folder);
  await report(browser, modeseek, folder);
} finally {
  await browser.close();
  rmSync(folder, { recursive: true });
}
