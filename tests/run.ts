/**
 * Runs the tests, two files at a time on two processors, and ends with what was skipped and why, and with one line:
 * `N passed, N failed` (and `, N skipped`). Arguments are passed to `bun test`, so `bun tests/run.ts clean` runs a
 * part.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explainMissing, installPackages } from "./install-packages.ts";
import { installVersitygw } from "./install-versitygw.ts";
import { onMemoryDisk } from "./memory-disk.ts";
import { summarize } from "./summary.ts";

const installation = installPackages();
if (installation.failure !== undefined) writeSync(2, explainMissing(installation));
const programs = [installVersitygw(), process.env["PATH"]].filter((each) => each !== undefined);

const scratch = mkdtempSync(join(tmpdir(), "btdt-test-report-"));
// Tests run btdt as other users, below it.
chmodSync(scratch, 0o755);
// Servers that test files start end with this process.
writeFileSync(join(scratch, "pid"), String(process.pid));
const report = join(scratch, "junit.xml");
const mountPoint = join(scratch, "disk");
mkdirSync(mountPoint);
const run = Bun.spawnSync(
  [
    ...onMemoryDisk(mountPoint),
    process.execPath,
    "test",
    // Each test has its own scratch directory, and each file its own globals.
    "--parallel",
    // Ends a test that hangs; no test depends on how fast the machine is.
    "--timeout=300000",
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    ...process.argv.slice(2),
  ],
  {
    cwd: join(import.meta.dir, ".."),
    stdio: ["ignore", "inherit", "inherit"],
    // Where test files keep what they share.
    env: { ...process.env, BTDT_TEST_RUN: scratch, PATH: programs.join(":") },
  },
);
const { lines, passed } = summarize(readFileSync(report, "utf8"));
rmSync(scratch, { recursive: true, maxRetries: 10 });
writeSync(1, `${lines.join("\n")}\n`);
process.exit(run.exitCode !== 0 || passed === 0 ? 1 : 0);
