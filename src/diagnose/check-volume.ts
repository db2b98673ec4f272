import { readFileSync, statfsSync } from "node:fs";
import { type ByteString, escapeControls, fsPath } from "../base/byte-string.ts";
import { formatNumber } from "../base/format-number.ts";
import { formatSize } from "../base/size.ts";
import { errnoOf } from "../fs/errno.ts";
import { readMountId } from "../fs/native/mount-id.ts";
import type { Check } from "./check.ts";

/** With less, the next store is likely to fail. */
const LEAST_FREE_RATIO = 0.02;

/** The file system of a directory, and what is free on it. @throws a `node:fs` error */
export function checkVolume(directory: ByteString): Check[] {
  const { bsize, blocks, bavail, files, ffree } = statfsSync(fsPath(directory));
  const free = formatSize(bavail * bsize);
  const space = `${free} of ${formatSize(blocks * bsize)} free`;
  const type = findFileSystem(directory);
  return [
    { name: "file system", status: "ok", finding: type ?? "unknown" },
    { name: "space", status: judge(bavail, blocks), finding: space },
    // File systems that make inodes as they need them state none.
    files === 0
      ? { name: "inodes", status: "ok", finding: "no limit" }
      : {
          name: "inodes",
          status: judge(ffree, files),
          finding: `${formatNumber(ffree)} of ${formatNumber(files)} free`,
        },
  ];
}

function judge(free: number, all: number): Check["status"] {
  if (free === 0) return "problem";
  return free < all * LEAST_FREE_RATIO ? "warning" : "ok";
}

/** `ext4 (/dev/sda1), mounted rw,relatime`; undefined where the system does not say. See proc_pid_mountinfo(5). */
function findFileSystem(directory: ByteString): string | undefined {
  const mountId = readMountId(directory);
  if (mountId === undefined) return undefined;
  let mounts: string;
  try {
    mounts = readFileSync("/proc/self/mountinfo", "utf8");
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
  const line = mounts.split("\n").find((each) => each.startsWith(`${mountId} `));
  const [own = "", volume = ""] = line?.split(" - ") ?? [];
  const [type, device] = volume.split(" ");
  if (type === undefined || device === undefined) return undefined;
  return escapeControls(`${type} (${device}), mounted ${own.split(" ")[5] ?? ""}`);
}
