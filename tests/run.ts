/**
 * Runs the whole suite and ends with one line, `N passed, N failed` (and `, N skipped`), read from the
 * runner's JUnit report. Arguments are handed to `bun test`, so `bun tests/run.ts clean` runs a part.
 */
import { mkdtempSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const scratch = mkdtempSync(join(tmpdir(), "btdt-test-report-"));
const report = join(scratch, "junit.xml");
const run = Bun.spawnSync(
  [
    process.execPath,
    "test",
    "--isolate",
    // Ends a test that hangs; no test is decided by how fast the machine is.
    "--timeout=300000",
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    ...process.argv.slice(2),
  ],
  { cwd: join(import.meta.dir, ".."), stdio: ["ignore", "inherit", "inherit"] },
);

const totals = /<testsuites[^>]*>/.exec(readFileSync(report, "utf8"))?.[0] ?? "";
rmSync(scratch, { recursive: true });
const count = (name: string): number =>
  Number(new RegExp(`\\b${name}="(\\d+)"`).exec(totals)?.[1] ?? Number.NaN);
const failed = count("failures");
const skipped = count("skipped");
const passed = count("tests") - failed - skipped;
writeSync(1, `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
process.exit(run.exitCode !== 0 || passed === 0 || Number.isNaN(passed) ? 1 : 0);
