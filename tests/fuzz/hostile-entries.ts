import type { ArchiveEntry } from "../../src/archive/archive-entry.ts";
import { type HeldEntry, heldEntry } from "../support/archive-entries.ts";
import type { Random } from "../support/random.ts";

const NAMES = ["a", "b", "c", "a", "b", "..", ".", "", "/", "canary", "\xff", "\0"] as const;
const KINDS: readonly [ArchiveEntry["kind"], ...ArchiveEntry["kind"][]] = [
  "file",
  "file",
  "directory",
  "symlink",
  "symlink",
  "hardlink",
];

/** What an attacker might put into an archive to escape from it: few names, many links. */
export function hostileEntries(random: Random): HeldEntry[] {
  return Array.from({ length: 1 + random.below(8) }, () => {
    const kind = random.pick(KINDS);
    return heldEntry({
      path: hostilePath(random),
      kind,
      mode: random.pick([0o644, 0o755, 0o000, 0o7777, 0o555]),
      mtimeSeconds: random.pick([0, -1, 2 ** 33, 9_007_199_254_740]),
      ...(kind === "file" ? { content: "hostile" } : {}),
      ...(kind === "symlink" || kind === "hardlink" ? { target: hostilePath(random) } : {}),
    });
  });
}

function hostilePath(random: Random): string {
  return Array.from({ length: 1 + random.below(4) }, () => random.pick(NAMES)).join("/");
}
