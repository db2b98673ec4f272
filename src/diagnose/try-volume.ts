import { constants, copyFileSync, writeFileSync } from "node:fs";
import { fsPath } from "../base/byte-string.ts";
import { formatDuration } from "../base/duration.ts";
import { errnoOf } from "../fs/errno.ts";
import { tryOneLink } from "../fs/link-obstacle.ts";
import { LockFile } from "../fs/native/flock.ts";
import type { Check } from "./check.ts";
import type { TrialDirectory } from "./trial-directory.ts";

/** With more, the ages that this machine and the file system state differ visibly. */
const MOST_CLOCK_DIFFERENCE_MS = 60_000;

/** Whether a lock keeps others out. @throws a `node:fs` error */
export function checkLocks(trial: TrialDirectory): Check {
  const name = "locks";
  const lock = LockFile.open(trial.lockFile, "any");
  try {
    switch (lock.tryLock("exclusive")) {
      case "busy":
        return { name, status: "ok", finding: "flock works" };
      case "locked":
        return { name, status: "problem", finding: "flock succeeds, but keeps nobody out" };
      case "unsupported":
        return {
          name,
          status: "warning",
          finding: "no flock: run clean only while nothing is being stored",
        };
    }
  } finally {
    lock.close();
  }
}

export function checkLinks(trial: TrialDirectory): Check {
  const obstacle = tryOneLink(trial.lockFile, trial.temporaryPath());
  return obstacle === undefined
    ? { name: "links", status: "ok", finding: "hard links work within the cache" }
    : { name: "links", status: "warning", finding: `${obstacle}: contents are packed, and copied to trees` };
}

/** @throws a `node:fs` error */
export function checkReflinks(trial: TrialDirectory): Check {
  const name = "reflinks";
  const [from, to] = [fsPath(trial.temporaryPath()), fsPath(trial.temporaryPath())];
  writeFileSync(from, Buffer.alloc(8192, "x"), { flag: "wx" });
  try {
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    return { name, status: "ok", finding: "reflinks work: trees share contents, but not changes" };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return { name, status: "ok", finding: "no reflinks: files are linked or copied" };
  }
}

export function checkClock(fileSystemMs: number, machineMs: number): Check {
  const aheadMs = fileSystemMs - machineMs;
  const difference = `${formatDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead of" : "behind"} this machine's clock`;
  return Math.abs(aheadMs) > MOST_CLOCK_DIFFERENCE_MS
    ? {
        name: "clock",
        status: "warning",
        finding: `the file system's clock is ${difference}; ages go by the file system's`,
      }
    : { name: "clock", status: "ok", finding: "the file system's clock and this machine's agree" };
}
