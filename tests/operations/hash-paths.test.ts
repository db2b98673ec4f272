import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { hashPaths } from "../../src/operations/hash-paths.ts";
import { InlineRunner } from "../../src/work/worker-pool.ts";
import { noProgress } from "../support/no-progress.ts";
import { TemporaryDirectory } from "../support/temporary-directory.ts";

const temporary = new TemporaryDirectory();

test("a cancelled hash is an error, never a digest of what was read so far", async () => {
  const inline = new InlineRunner({ isCancelled: () => true });
  const path = temporary.fresh();
  writeFileSync(path, "x");
  const runtime = {
    runners: { inline, pool: inline },
    isCancelled: () => true,
    nowMs: () => 0,
    umask: 0o022,
    progress: noProgress,
    onWarning: () => undefined,
  };
  expect(await hashPaths([path], runtime).catch((error: unknown) => error)).toEqual(
    expect.objectContaining({ code: "CANCELLED" }),
  );
});
