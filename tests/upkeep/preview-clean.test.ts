import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { fsPath } from "../../src/base/byte-string.ts";
import { cleanCache } from "../../src/upkeep/clean.ts";
import { HandMadeCache } from "../support/hand-made-cache.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const DAY_MS = 24 * 60 * 60 * 1000;

test("a dry run measures ages by the clock of the file system, whatever the machine's says", async () => {
  const cache = new HandMadeCache(scratch);
  cache.addEntry("young", { f: "content" });
  writeFileSync(fsPath(cache.directory.lockFile), "");
  const request = { cache: cache.directory, maxAgeMs: DAY_MS, maxSizeBytes: undefined, dryRun: true };
  for (const days of [-7, 7]) {
    const nowMs = (): number => Date.now() + days * DAY_MS;
    const cleaned = await cleanCache(request, { ...inlineRuntime(), nowMs });
    expect(Math.abs(cleaned.nowMs - Date.now())).toBeLessThan(DAY_MS);
    expect(cleaned.removed).toEqual([]);
  }
});
