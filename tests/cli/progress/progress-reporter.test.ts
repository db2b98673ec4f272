import { expect, test } from "bun:test";
import { createProgressLines } from "../../../src/cli/progress/progress-lines.ts";
import { ProgressReporter } from "../../../src/cli/progress/progress-reporter.ts";
import { withoutProgress } from "../../support/executable.ts";

function withLines() {
  const clock = { nowMs: 5000 };
  const lines: string[] = [];
  const reporter = new ProgressReporter(
    () => createProgressLines((line) => lines.push(line)),
    () => clock.nowMs,
  );
  const work = (seconds: number): void => {
    for (let second = 0; second < seconds; second++) {
      clock.nowMs += 1000;
      reporter.add({ files: 10 });
    }
  };
  return { reporter, lines, work };
}

test("work that is over in less than ten seconds leaves no line", () => {
  const { reporter, lines, work } = withLines();
  reporter.begin({ name: "restoring", unit: "files", files: 90 });
  work(9);
  reporter.end();
  work(100);
  reporter.begin({ name: "keeping", unit: "files", files: 90 });
  work(9);
  expect(lines).toEqual([]);
});

test("longer work has one every ten seconds, whatever its phases, also when no timer can go off", () => {
  const { reporter, lines, work } = withLines();
  reporter.begin({ name: "reading", unit: "files", files: 60 });
  work(6);
  reporter.begin({ name: "keeping", unit: "files", files: 2000 });
  work(15);
  expect(lines).toEqual([
    "keeping: 2%, 40 of 2,000 files, 10 files/s, 3m 16s left",
    "keeping: 7%, 140 of 2,000 files, 10 files/s, 3m 6s left",
  ]);
});

test("a timer shows it while nothing is done", async () => {
  let nowMs = 0;
  const lines: string[] = [];
  const reporter = new ProgressReporter(
    () => createProgressLines((line) => lines.push(line)),
    () => nowMs,
  );
  reporter.begin({ name: "unpacking", unit: "bytes" });
  nowMs = 10_000;
  while (lines.length === 0) await Bun.sleep(5);
  reporter.end();
  expect(lines).toEqual(["unpacking: 0 B, 0 B/s"]);
});

test("silenced, it says nothing", () => {
  const { reporter, lines, work } = withLines();
  reporter.silence();
  reporter.begin({ name: "reading", unit: "files" });
  work(60);
  expect(lines).toEqual([]);
});

test("tests that are not about it see only the other lines", () => {
  const { reporter, lines, work } = withLines();
  reporter.begin({ name: "restoring", unit: "files", files: 2000 });
  work(20);
  reporter.begin({ name: "rewriting packs", unit: "bytes", bytes: 1_000_000 });
  work(20);
  expect(lines).toHaveLength(4);
  const summary = "btdt: restored 2,000 files, 230 MiB: 2,000 copied in 12.1 s\n";
  const stderr = lines.map((line) => `btdt: ${line}\n`).join("");
  expect(withoutProgress(stderr + summary)).toBe(summary);
});
