import { expect, test } from "bun:test";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesFromText } from "../../../src/base/byte-string.ts";
import { LockFile, type LockMode } from "../../../src/fs/native/flock.ts";
import { askedInVain } from "../../support/asked-in-vain.ts";
import { Scratch } from "../../support/scratch.ts";

const scratch = Scratch.use();

async function inAnotherProcess(path: string, mode: LockMode) {
  const holder = Bun.spawn([process.execPath, join(import.meta.dir, "lock-holder.ts"), path, mode], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await holder.stdout.getReader().read();
  const end = async (): Promise<void> => {
    holder.kill("SIGKILL");
    await holder.exited;
  };
  return {
    outcome: Buffer.from(value ?? [])
      .toString()
      .trim(),
    end,
  };
}

test("exclusive locks shut out all others, shared ones only exclusive ones, across processes", async () => {
  const table = [
    ["exclusive", "exclusive", "busy"],
    ["exclusive", "shared", "busy"],
    ["shared", "exclusive", "busy"],
    ["shared", "shared", "locked"],
  ] as const;
  for (const [theirs, ours, expected] of table) {
    const path = scratch.fresh("lock");
    const holder = await inAnotherProcess(path, theirs);
    expect(holder.outcome).toBe("locked");
    const lock = LockFile.open(bytesFromText(path), "write");
    expect(lock.tryLock(ours)).toBe(expected);
    lock.close();
    await holder.end();
  }
});

test("a killed process leaves nothing locked", async () => {
  const path = scratch.fresh("lock");
  const holder = await inAnotherProcess(path, "exclusive");
  const lock = LockFile.open(bytesFromText(path), "read");
  expect(lock.tryLock("exclusive")).toBe("busy");
  await holder.end();
  expect(lock.tryLock("exclusive")).toBe("locked");
  lock.close();
});

test("waits until the lock is free", async () => {
  const path = scratch.fresh("lock");
  const holder = await inAnotherProcess(path, "exclusive");
  const lock = LockFile.open(bytesFromText(path), "write");
  let isLocked = false;
  const asked = askedInVain();
  const waiting = lock.lock("shared", asked.isCancelled).then((outcome) => {
    isLocked = true;
    return outcome;
  });
  await asked.often;
  expect(isLocked).toBe(false);
  await holder.end();
  expect(await waiting).toBe("locked");
  lock.close();
});

test("waiting can be cancelled", async () => {
  const path = scratch.fresh("lock");
  const holder = await inAnotherProcess(path, "exclusive");
  const lock = LockFile.open(bytesFromText(path), "write");
  let asked = 0;
  const waiting = lock.lock("exclusive", () => ++asked > 3);
  expect(await waiting.catch((error: unknown) => error)).toEqual(
    expect.objectContaining({ code: "CANCELLED" }),
  );
  lock.close();
  await holder.end();
});

test("two descriptors of one process exclude each other as well", () => {
  const path = bytesFromText(scratch.fresh("lock"));
  const [first, second] = [LockFile.create(path), LockFile.open(path, "write")];
  expect(first.tryLock("exclusive")).toBe("locked");
  expect(second.tryLock("exclusive")).toBe("busy");
  first.close();
  expect(second.tryLock("exclusive")).toBe("locked");
  second.close();
});

test("a lock file is never opened through a symlink, and is created only on request", () => {
  const path = scratch.fresh("lock");
  expect(() => LockFile.open(bytesFromText(path), "write")).toThrow(
    expect.objectContaining({ code: "ENOENT" }),
  );
  const target = scratch.fresh("target");
  writeFileSync(target, "");
  symlinkSync(target, path);
  expect(() => LockFile.create(bytesFromText(path))).toThrow(expect.objectContaining({ code: "EFTYPE" }));
});
