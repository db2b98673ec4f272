import { display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { clearCheckedMarks } from "../durability/clear-checked-marks.ts";
import { errnoOf } from "../fs/errno.ts";
import { hasHugeFile } from "../manifest/has-huge-file.ts";
import { isFirstLinkable, looksLinkable } from "../packs/unpack/looks-linkable.ts";
import type { Runtime } from "../work/runtime.ts";
import { chooseRunners } from "../work/volume-latency.ts";
import { withoutRepetitions } from "../work/without-repetitions.ts";
import { isBadObject, isDamaged, isNoteworthy } from "./damage.ts";
import { type Destination, destinationError, examineDestination } from "./destination.ts";
import { prepareNewDestination } from "./new-destination.ts";
import { startLinkThreads } from "./prepare-threads.ts";
import type { PreparedTree } from "./prepared-tree.ts";
import type { PlacementCounts } from "./request.ts";
import type { Target } from "./target.ts";
import { warnOfTimes } from "./warn-of-times.ts";

export type PlacedEntry =
  | { readonly kind: "placed"; readonly fileCounts: PlacementCounts; readonly mendedCount: number }
  /** No destination was touched; `reason` is a sentence for the user. */
  | { readonly kind: "damaged"; readonly reason: string };

/**
 * Brings destinations in line with the trees of an entry. All are built aside before the first one is moved into
 * place, so that an entry with damage, or a full disk, leaves no trace.
 * @throws BtdtError, CANCELLED among others
 */
export async function placeEntry(targets: readonly Target[], runtime: Runtime): Promise<PlacedEntry> {
  const prepared: { readonly target: Target; readonly tree: PreparedTree }[] = [];
  if (targets.some(({ manifest }) => hasHugeFile(manifest))) runtime.runners.pool.expectLongJobs();
  try {
    // Even if one is damaged: all damage is recorded now, so that it costs one miss, not one for each tree.
    for (const target of targets) prepared.push({ target, tree: await prepareTree(target, runtime) });
    const damaged = prepared.find(({ tree }) => isDamaged(tree.damage));
    if (damaged !== undefined) {
      const { describeDamage } = await import("./note-damage.ts");
      return { kind: "damaged", reason: describeDamage(damaged.target, damaged.tree.damage) };
    }
    if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before anything was restored");
    for (const { target, tree } of prepared) {
      await commit(tree, target, runtime);
      warnOfTimes(target, runtime.onWarning);
      const { cache, session, marks, destination, links } = target;
      // Each of its objects has been examined, and is whole.
      const areAllChecked = destination.kind !== "directory" && tree.fileCounts.unpacked === 0;
      if (links.suspects !== undefined && areAllChecked) clearCheckedMarks(marks, cache, session);
    }
    const trees = prepared.map(({ tree }) => tree);
    const mendedCount = trees.reduce((sum, tree) => sum + tree.mendedCount, 0);
    return { kind: "placed", fileCounts: sumCounts(trees), mendedCount };
  } finally {
    for (const { tree } of prepared) tree.close();
  }
}

/** How often a tree is built at most, if contents keep moving: each time, another clean would have to move them. */
const MOST_BUILDS = 5;

/**
 * From objects if they seem to be complete, and also from packs if they are not, or turn out to be damaged. If
 * something was not where it was expected, but the cache has it, the tree is built again.
 */
async function prepareTree(target: Target, runtime: Runtime): Promise<PreparedTree> {
  const once = withoutRepetitions(runtime);
  let built: PreparedTree | undefined;
  try {
    const { cache, manifest } = target;
    const mayBeLinkable = isFirstLinkable(cache, manifest);
    if (mayBeLinkable) startLinkThreads(runtime.runners.pool, manifest);
    const isLinkable = mayBeLinkable && looksLinkable(cache, manifest);
    built = await prepare(target, isLinkable ? undefined : new Set(), once);
    const { damage } = built;
    for (let count = 1; isDamaged(built.damage) && !runtime.isCancelled(); count++) {
      const bad = built.damage.files.filter(isBadObject).map(({ file }) => file);
      // Only what moves is worth a third attempt.
      const isWorthwhile = count === 1 || (count < MOST_BUILDS && bad.length === 0);
      if (!isWorthwhile) return { ...built, damage };
      const { hasOtherSources } = await import("./has-other-sources.ts");
      if (!hasOtherSources(target, built.damage)) return { ...built, damage };
      built.close();
      built = await prepare(target, new Set(bad), once);
    }
    return built;
  } catch (error) {
    built?.close();
    throw destinationError(target.destination.path, error);
  }
}

/** @param distrusted files whose objects are known to be useless; undefined to do without packs */
async function prepare(
  target: Target,
  distrusted: ReadonlySet<number> | undefined,
  runtime: Runtime,
): Promise<PreparedTree> {
  const { manifest, destination } = target;
  const { isSingleFile } = manifest.counts;
  const parent = destination.kind === "directory" ? destination.path : destination.parent;
  const { runners } = runtime;
  // Links need the volume of the cache in any case.
  const siteRunners = distrusted === undefined ? runners : chooseRunners(runners, parent);
  const building = { ...runtime, siteRunners };
  let tree: PreparedTree;
  if (destination.kind === "directory") {
    if (isSingleFile) throw conflict(destination, "is a directory, but the entry is a file");
    const { prepareExistingDestination } = await import("./existing-destination.ts");
    tree = await prepareExistingDestination(target, destination.path, distrusted, building);
  } else {
    if (destination.kind === "file" && !isSingleFile) {
      throw conflict(destination, "is a file, but the entry is a directory");
    }
    tree = await prepareNewDestination(target, destination, distrusted, building);
  }
  try {
    if (!runtime.isCancelled() && isNoteworthy(tree.damage)) {
      const { noteDamage } = await import("./note-damage.ts");
      await noteDamage(target, tree.damage, runtime);
    }
    return tree;
  } catch (error) {
    tree.close();
    throw error;
  }
}

function conflict({ path }: Destination, what: string): BtdtError {
  return new BtdtError("DESTINATION_CONFLICT", `${display(path)} ${what}`, {
    path: display(path),
    hint: "remove it, or restore to another path",
  });
}

/** Other restores may move trees to the same place, each after it has found nothing there. */
const MOST_ATTEMPTS = 10;

/** What a destination answers that is not what it was a moment ago. */
const HAS_CHANGED: ReadonlySet<string | undefined> = new Set(["ENOTEMPTY", "EEXIST", "EISDIR", "ENOTDIR"]);

/**
 * Moves a tree into place. If another restore has been faster, it looks again, and merges. @throws BtdtError
 */
async function commit(tree: PreparedTree, target: Target, runtime: Runtime): Promise<void> {
  const { cache, destination } = target;
  let current = tree;
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return current.commit();
      } catch (error) {
        if (attempt === MOST_ATTEMPTS || !HAS_CHANGED.has(errnoOf(error))) throw error;
      }
      current.close();
      const found = examineDestination(destination.path, cache.root, "made");
      current = await prepareTree({ ...target, destination: found }, runtime);
      if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before everything was restored");
      if (isDamaged(current.damage)) throw new Error("its contents are gone from the cache by now");
    }
  } catch (error) {
    throw destinationError(destination.path, error);
  } finally {
    current.close();
  }
}

function sumCounts(trees: readonly PreparedTree[]): PlacementCounts {
  const sum = { reflinked: 0, linked: 0, copied: 0, unpacked: 0, unchanged: 0 };
  for (const { fileCounts, unchangedCount } of trees) {
    sum.reflinked += fileCounts.reflinked;
    sum.linked += fileCounts.linked;
    sum.copied += fileCounts.copied;
    sum.unpacked += fileCounts.unpacked;
    sum.unchanged += unchangedCount;
  }
  return sum;
}
