import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { withExclusiveLock, withSharedLock } from "../../src/cache/cache-lock.ts";
import { prepareCache } from "../../src/cache/prepare-cache.ts";
import { LockFile } from "../../src/fs/native/flock.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const never = (): boolean => false;

function preparedCache(): CacheDirectory {
  const cache = CacheDirectory.open(scratch.freshDirectory("cache"));
  prepareCache(cache);
  return cache;
}

/** Asks again and again whether to give up; the answer is yes once somebody has asked so often. */
function afterAsking(times: number): () => boolean {
  let asked = 0;
  return () => ++asked > times;
}

const isCancelled = expect.objectContaining({ code: "CANCELLED" });

test("an exclusive holder excludes both sides; shared holders exclude only exclusive ones", async () => {
  const cache = preparedCache();
  for (const [held, wanted, expected] of [
    ["exclusive", withExclusiveLock, "kept out"],
    ["exclusive", withSharedLock, "kept out"],
    ["shared", withExclusiveLock, "kept out"],
    ["shared", withSharedLock, "held"],
  ] as const) {
    const holder = LockFile.create(cache.lockFile);
    expect(holder.tryLock(held)).toBe("locked");
    const outcome = await wanted(cache, afterAsking(3), () => "held").catch((error: unknown) => {
      expect(error).toEqual(isCancelled);
      return "kept out";
    });
    expect([held, outcome]).toEqual([held, expected]);
    holder.close();
  }
});

test("reports whether the file system has locks, returns the action's result, and is free afterwards", async () => {
  const cache = preparedCache();
  expect(await withExclusiveLock(cache, never, (isSupported) => isSupported)).toBe(true);
  expect(await withSharedLock(cache, never, () => "answer")).toBe("answer");
  expect(await withExclusiveLock(cache, afterAsking(0), () => "again")).toBe("again");
});

test("is given back when the action fails, whose error is passed on", async () => {
  const cache = preparedCache();
  const failure = new Error("failed");
  const failing = withSharedLock(cache, never, () => {
    throw failure;
  });
  expect(await failing.catch((error: unknown) => error)).toBe(failure);
  expect(await withExclusiveLock(cache, afterAsking(0), () => "free")).toBe("free");
});

test("anything but a lock file is an error that names the cache", async () => {
  const [withDirectory, withSymlink] = [preparedCache(), preparedCache()];
  mkdirSync(withDirectory.lockFile);
  symlinkSync(scratch.fresh("target"), withSymlink.lockFile);
  for (const cache of [withDirectory, withSymlink]) {
    const error = await withExclusiveLock(cache, never, () => "held").catch((reason: unknown) => reason);
    expect(error).toEqual(expect.objectContaining({ code: "CACHE_WRITE_FAILED", path: cache.path }));
  }
});
