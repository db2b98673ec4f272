import { describe, expect, test } from "bun:test";
import { formatSize } from "../../../src/base/size.ts";
import { describeProgress, formatPercent } from "../../../src/cli/progress/describe-progress.ts";
import { ProgressMeter } from "../../../src/cli/progress/meter.ts";

const MiB = 2 ** 20;

/** Adds the same every second. */
function steadily(meter: ProgressMeter, seconds: number, done: { files?: number; bytes?: number }): number {
  for (let second = 1; second <= seconds; second++) meter.add(done, second * 1000);
  return seconds * 1000;
}

describe("counted in files", () => {
  test("part, rate and time left", () => {
    const meter = new ProgressMeter({ name: "restoring", unit: "files", files: 1000 }, 0);
    const nowMs = steadily(meter, 4, { files: 100 });
    expect(meter.measure(nowMs)).toMatchObject({
      files: 400,
      fraction: 0.4,
      ratePerSecond: 100,
      leftMs: 6000,
    });
    expect(describeProgress(meter.measure(nowMs))).toBe("400 of 1,000 files, 100 files/s, 6s left");
  });

  test("what was fast at first is forgotten", () => {
    const meter = new ProgressMeter({ name: "restoring", unit: "files", files: 100_000 }, 0);
    meter.add({ files: 50_000 }, 1000);
    for (let second = 2; second <= 60; second++) meter.add({ files: 10 }, second * 1000);
    const { ratePerSecond } = meter.measure(60_000);
    expect(ratePerSecond).toBeGreaterThan(9);
    expect(ratePerSecond).toBeLessThan(11);
  });

  test("nothing moves: no time left, and nothing to do is all of it", () => {
    const meter = new ProgressMeter({ name: "removing", noun: "objects", unit: "files", files: 5 }, 0);
    expect(describeProgress(meter.measure(3000))).toBe("0 of 5 objects, 0 objects/s");
    expect(formatPercent(meter.measure(3000))).toBe("0%");
    const empty = new ProgressMeter({ name: "removing", unit: "files", files: 0 }, 0);
    expect(formatPercent(empty.measure(1000))).toBe("100%");
  });
});

describe("counted in bytes", () => {
  test("how much there is may be unknown", () => {
    const meter = new ProgressMeter({ name: "unpacking", unit: "bytes" }, 0);
    const nowMs = steadily(meter, 2, { files: 1, bytes: MiB });
    const measured = meter.measure(nowMs);
    expect(formatPercent(measured)).toBeUndefined();
    expect(describeProgress(measured)).toBe("2 files, 2.0 MiB, 1.0 MiB/s");
  });

  test("it may turn out later; files to come are taken to be like those before", () => {
    const meter = new ProgressMeter({ name: "hashing", unit: "bytes" }, 0);
    steadily(meter, 2, { files: 10, bytes: MiB });
    expect(meter.measure(2000).leftMs).toBeUndefined();
    meter.expectFiles(80);
    expect(meter.measure(2000)).toMatchObject({ fraction: 0.25, leftMs: 6000 });
  });

  test("large files that are found add to it, and their pieces take them off again", () => {
    const meter = new ProgressMeter({ name: "hashing", unit: "bytes", files: 1 }, 0);
    meter.add({ files: 1, bytes: 0, foundBytes: 100 * MiB }, 0);
    expect(meter.measure(0).fraction).toBeLessThan(0.01);
    meter.add({ bytes: 25 * MiB }, 1000);
    const measured = meter.measure(1000);
    expect(measured.fraction).toBeCloseTo(0.25, 2);
    expect(measured.leftMs).toBeCloseTo(3000, -1);
    expect(describeProgress(measured)).toBe(`${formatSize(25 * MiB)}, 25 MiB/s, 3s left`);
  });

  test("more than was thought is never more than all of it", () => {
    const meter = new ProgressMeter({ name: "restoring", unit: "bytes", files: 1, bytes: MiB }, 0);
    meter.add({ files: 2, bytes: 5 * MiB }, 1000);
    expect(meter.measure(1000)).toMatchObject({ fraction: 1, leftMs: 0 });
  });
});
