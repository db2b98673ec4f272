import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { installTree } from "../../bench/install-tree.ts";
import { differences, type Snapshot, snapshotTree } from "../support/compare-trees.ts";
import { btdt, must } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.useDisk();
const SMALLEST_FILE_COUNT = 50_000;
/** With the installation, which comes once. */
const TIMEOUT_MS = 15 * 60_000;

function fileCount(snapshot: Snapshot): number {
  return [...snapshot.values()].filter((description) => description.startsWith("file")).length;
}

test(
  "a real node_modules comes back file by file, linked and copied",
  () => {
    const source = scratch.path("node_modules");
    // Not the installed tree itself, which others use too.
    must(["cp", "-a", installTree(), source]);
    const before = snapshotTree(source);
    expect(fileCount(before)).toBeGreaterThanOrEqual(SMALLEST_FILE_COUNT);
    expect([...before.values()].some((description) => description.startsWith("symlink"))).toBe(true);

    const cache = scratch.directory("cache");
    const stored = btdt(["store", "-c", cache, "-k", "modules", source]);
    expect(stored).toMatchObject({ exitCode: 0, stdout: "" });
    expect(stored.stderr).toContain(`btdt: stored ${fileCount(before).toLocaleString("en-US")} files, `);

    const linked = join(scratch.directory("linked"), "node_modules");
    const restored = btdt(["restore", "-c", cache, "-k", "modules", linked]);
    expect(restored).toMatchObject({ exitCode: 0, stdout: "Restored key modules\n" });
    // What is not linked is empty, or installers write it in place.
    const [, linkedCount = "0"] = /([\d,]+) linked/.exec(restored.stderr) ?? [];
    expect(Number(linkedCount.replaceAll(",", ""))).toBeGreaterThan(0.9 * fileCount(before));
    expect(differences(before, snapshotTree(linked))).toEqual([]);

    const copied = scratch.path("copied");
    expect(btdt(["restore", "-c", cache, "-k", "modules", "--link", "copy", copied]).exitCode).toBe(0);
    expect(differences(before, snapshotTree(copied))).toEqual([]);

    // Over itself there is nothing to do; the source is what it was; nothing is left beside it.
    const again = btdt(["restore", "-c", cache, "-k", "modules", "--exact", linked]);
    expect(again.stderr).toContain(`${fileCount(before).toLocaleString("en-US")} unchanged in `);
    expect(differences(before, snapshotTree(source))).toEqual([]);
    expect(readdirSync(scratch.path()).toSorted()).toEqual(["cache", "copied", "linked", "node_modules"]);
  },
  TIMEOUT_MS,
);
