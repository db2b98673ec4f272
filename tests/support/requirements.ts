import { test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./executable.ts";

/**
 * `root` is being root; `mount` is being allowed to mount; room is what is free now, on the disk that has the scratch
 * directories and in memory; anything else is a program to be found.
 */
type Requirement =
  | Room
  | "root"
  | "mount"
  | "strace"
  | "mkfs.xfs"
  | "mkfs.ext4"
  | "setpriv"
  | "unshare"
  | "script";
type Room = `${number} GiB of ${"disk" | "memory"}`;

const GIBIBYTE = 1024 ** 3;

const known = new Map<Requirement, boolean>();

function isMet(requirement: Requirement): boolean {
  const before = known.get(requirement);
  if (before !== undefined) return before;
  const answer = examine(requirement);
  known.set(requirement, answer);
  return answer;
}

function examine(requirement: Requirement): boolean {
  switch (requirement) {
    case "root":
      return process.getuid?.() === 0;
    case "mount":
      return canMount();
    // Being there is not enough: containers often forbid tracing.
    case "strace":
      return run(["strace", "-qq", "-o", "/dev/null", "true"]).exitCode === 0;
    case "script":
      // Elsewhere it takes other options.
      return process.platform === "linux" && Bun.which("script") !== null;
    case "mkfs.xfs":
    case "mkfs.ext4":
    case "setpriv":
    case "unshare":
      return Bun.which(requirement) !== null;
    default:
      return hasRoom(requirement);
  }
}

function hasRoom(room: Room): boolean {
  const wantedBytes = Number.parseInt(room, 10) * GIBIBYTE;
  return (room.endsWith("disk") ? freeDiskBytes() : freeMemoryBytes()) >= wantedBytes;
}

function freeDiskBytes(): number {
  const { bavail, bsize } = statfsSync(tmpdir());
  return bavail * bsize;
}

/** What programs could get now, of which the kernel may keep files in a part. */
function freeMemoryBytes(): number {
  const available = /^MemAvailable: +(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"));
  return Number(available?.[1]) * 1024;
}

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const path = mkdtempSync(join(tmpdir(), "btdt-test-mount-"));
  const isMounted = run(["mount", "-t", "tmpfs", "btdt-test", path]).exitCode === 0;
  if (isMounted) run(["umount", path]);
  rmSync(path, { recursive: true });
  return isMounted;
}

/** A test that is skipped, with the reason in its name, where something that it needs is lacking. */
export function testWith(
  requirements: readonly Requirement[],
  name: string,
  body: () => void | Promise<void>,
  timeoutMs = 300_000,
): void {
  const lacking = requirements.filter((requirement) => !isMet(requirement));
  if (lacking.length === 0) test(name, body, timeoutMs);
  else test.skip(`${name} (skipped: needs ${lacking.join(" and ")})`, body);
}

/** Runs the command after it as the user nobody. */
export const AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] as const;
