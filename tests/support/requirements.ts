import { describe, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findSystemLibc } from "../../link/libc-directory.ts";
import { linuxTargets } from "../../link/target.ts";
import { run } from "./executable.ts";
import { diskDirectory } from "./scratch.ts";

/**
 * What a test needs from the machine: `root` is being root; `mount` is being allowed to mount; room is what is free
 * at the moment, on the disk of `Scratch.useDisk` and in memory; a path is a file or directory; any other word is a
 * program.
 */
export type Requirement =
  | Room
  | "linux"
  | "root"
  | "mount"
  | "strace"
  | "script"
  | "glibc for both architectures"
  | (string & {})
  | Condition;
type Room = `${number} GiB of ${"disk" | "memory"}`;

/** A requirement of a single test. */
export interface Condition {
  readonly name: string;
  isMet(): boolean;
}

const GIBIBYTE = 1024 ** 3;

const known = new Map<string, boolean>();

function isMet(requirement: Requirement): boolean {
  if (typeof requirement !== "string") return requirement.isMet();
  const before = known.get(requirement);
  if (before !== undefined) return before;
  const answer = examine(requirement);
  known.set(requirement, answer);
  return answer;
}

function examine(requirement: string): boolean {
  switch (requirement) {
    case "linux":
      return process.platform === "linux";
    case "root":
      return process.getuid?.() === 0;
    case "mount":
      return canMount();
    // Existing is not enough: containers often forbid tracing.
    case "strace":
      return run(["strace", "-qq", "-o", "/dev/null", "true"]).exitCode === 0;
    case "script":
      // On other systems, it takes different options.
      return process.platform === "linux" && Bun.which("script") !== null;
    case "glibc for both architectures":
      return linuxTargets.every((target) => findSystemLibc(target) !== undefined);
    default:
      if (/^\d+ GiB of /.test(requirement)) return hasRoom(requirement);
      return requirement.startsWith("/") ? existsSync(requirement) : Bun.which(requirement) !== null;
  }
}

function hasRoom(room: string): boolean {
  const wantedBytes = Number.parseInt(room, 10) * GIBIBYTE;
  return (room.endsWith("disk") ? freeDiskBytes() : freeMemoryBytes()) >= wantedBytes;
}

function freeDiskBytes(): number {
  const { bavail, bsize } = statfsSync(diskDirectory());
  return bavail * bsize;
}

/** The memory that programs could get now; part of it may be the kernel's file cache. */
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

/** Why a test is skipped, for the end of its name, where `tests/run.ts` finds it; empty if nothing is missing. */
function reasonToSkip(requirements: readonly Requirement[]): string {
  const lacking = requirements.filter((requirement) => !isMet(requirement));
  const names = lacking.map((requirement) =>
    typeof requirement === "string" ? requirement : requirement.name,
  );
  return names.length === 0 ? "" : ` (skipped: needs ${names.join(" and ")})`;
}

/** A test that is skipped, with the reason in its name, if something that it needs is missing. */
export function testWith(
  requirements: readonly Requirement[],
  name: string,
  body: () => void | Promise<void>,
  timeoutMs = 300_000,
): void {
  const reason = reasonToSkip(requirements);
  if (reason === "") test(name, body, timeoutMs);
  else test.skip(name + reason, body);
}

/** The same for a group. If something is missing, the group counts as one skipped test, and its body does not run. */
export function describeWith(requirements: readonly Requirement[], name: string, body: () => void): void {
  const reason = reasonToSkip(requirements);
  if (reason === "") describe(name, body);
  else test.skip(name + reason, () => undefined);
}

/** Runs the command after it as the user nobody. */
export const AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] as const;
