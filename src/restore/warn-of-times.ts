import { type ByteString, display, parentOf } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import { isHeldByAll, readClock } from "../fs/file-clock.ts";
import { at } from "../manifest/manifest.ts";
import type { Target } from "./target.ts";

/**
 * Names the modification times that the file system of a destination cannot hold. They are restored as the first or
 * last one that it can, and count as unchanged from then on.
 */
export function warnOfTimes({ manifest, destination }: Target, onWarning: (warning: string) => void): void {
  const unusual: number[] = [];
  for (const column of [
    manifest.fileMtimeSeconds,
    manifest.directoryMtimeSeconds,
    manifest.symlinkMtimeSeconds,
  ]) {
    // A plain loop: it visits every file of an entry.
    for (let index = 0; index < column.length; index++) {
      const seconds = at(column, index);
      if (!isHeldByAll(seconds)) unusual.push(seconds);
    }
  }
  if (unusual.length === 0) return;
  const path: ByteString = manifest.counts.isSingleFile ? parentOf(destination.path) : destination.path;
  const clock = readClock(path);
  if (clock === undefined) return;
  const { firstSeconds, lastSeconds } = clock;
  const count = unusual.filter((seconds) => seconds < firstSeconds || seconds > lastSeconds).length;
  if (count === 0) return;
  const range = `${yearOf(firstSeconds) ?? "any year"} to ${yearOf(lastSeconds) ?? "any year"}`;
  onWarning(
    `${count === 1 ? "1 modification time was" : `${count} modification times were`} changed: ` +
      `the file system of ${display(destination.path)} holds only ${range}`,
  );
}

function yearOf(seconds: number): number | undefined {
  return Number.isFinite(seconds) ? new Date(seconds * 1000).getUTCFullYear() : undefined;
}

compileLightly(warnOfTimes);
