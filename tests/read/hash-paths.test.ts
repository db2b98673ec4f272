import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { hashPaths } from "../../src/read/hash-paths.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

test("a cancelled hash is an error, never a digest of what was read so far", async () => {
  const path = scratch.fresh();
  writeFileSync(path, "x");
  const runtime = inlineRuntime(() => true);
  expect(await hashPaths([path], runtime).catch((error: unknown) => error)).toEqual(
    expect.objectContaining({ code: "CANCELLED" }),
  );
});
