import { expect, test } from "bun:test";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { listKeys } from "../../src/entry/list-keys.ts";
import { storeEntry } from "../../src/store/store.ts";
import { createPause } from "../../src/work/breather.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { Scratch } from "../support/scratch.ts";
import { STORE_SETTINGS } from "../support/store-settings.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();

test("what was stored last is decided by the file system's clock, not by those of the machines", async () => {
  const cache = CacheDirectory.create(scratch.path("cache"));
  const startMs = Date.now();
  const clocks = [Date.UTC(2099, 0), Date.UTC(1990, 0), Date.UTC(2050, 0)];
  for (const [index, machineMs] of clocks.entries()) {
    makeTree(scratch.path(`tree${index}`), dir({ a: file(`content ${index}`) }));
    const request = {
      cache,
      keys: [`key${index}`] as const,
      sources: [scratch.path(`tree${index}`)] as const,
      ...STORE_SETTINGS,
      storage: "objects",
    } as const;
    await storeEntry(request, { ...inlineRuntime(), nowMs: () => machineMs });
    await Bun.sleep(20);
  }
  const keys = await listKeys(
    cache,
    createPause(() => false),
  );
  expect(keys.map(({ key }) => key)).toEqual(["key2", "key1", "key0"]);
  for (const { storedAt, lastUsedMs } of keys) {
    expect(Math.abs(Date.parse(storedAt) - startMs)).toBeLessThan(600_000);
    expect(lastUsedMs).toBe(Date.parse(storedAt));
  }
});
