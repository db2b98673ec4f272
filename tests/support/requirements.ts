import { test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./executable.ts";

/** `root` is being root; `mount` is being allowed to mount; anything else is a program to be found. */
type Requirement = "root" | "mount" | "strace" | "mkfs.xfs" | "mkfs.ext4" | "setpriv" | "unshare" | "script";

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
  }
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
  timeoutMs = 60_000,
): void {
  const lacking = requirements.filter((requirement) => !isMet(requirement));
  if (lacking.length === 0) test(name, body, timeoutMs);
  else test.skip(`${name} (skipped: needs ${lacking.join(" and ")})`, body);
}

/** Runs the command after it as the user nobody. */
export const AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] as const;
