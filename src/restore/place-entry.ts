import { type ByteString, bytesFromText, display, joinBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { Session } from "../cache/session.ts";
import type { FoundTree } from "../entry/find-entry.ts";
import type { Placement } from "../fs/place-file.ts";
import type { Runtime } from "../work/runtime.ts";
import { type Destination, destinationError } from "./destination.ts";
import type { PreparedTree } from "./place-tree.ts";
import { prepareEntryTree } from "./prepare-entry-tree.ts";
import type { RestoreRequest } from "./request.ts";

export interface TreeToPlace extends FoundTree {
  readonly destination: Destination;
}

export type PlacedEntry =
  | { readonly kind: "placed"; readonly fileCounts: PreparedTree["fileCounts"] }
  /** No destination was touched; `reason` is a sentence for the user. */
  | { readonly kind: "damaged"; readonly reason: string };

/**
 * Makes destinations hold the trees of an entry. All are built aside before the first one gets its place, so that an entry of which a
 * part is damaged, or a disk that is full, leaves no trace.
 * @throws BtdtError, CANCELLED among them
 */
export async function placeEntry(
  request: RestoreRequest,
  trees: readonly TreeToPlace[],
  session: Session | undefined,
  runtime: Runtime,
): Promise<PlacedEntry> {
  const prepared: PreparedTree[] = [];
  try {
    // After a damaged tree, too: all damage is to be noted, so that it costs one miss and not one for each tree.
    for (const tree of trees) prepared.push(await prepareEntryTree(request, tree, session, runtime));
    const damaged = prepared.findIndex((tree) => tree.damaged.length > 0);
    if (damaged >= 0) return { kind: "damaged", reason: describeDamage(trees, prepared, damaged) };
    if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before anything was restored");
    const fileCounts: Record<Placement | "unpacked" | "unchanged", number> = {
      reflinked: 0,
      linked: 0,
      copied: 0,
      unpacked: 0,
      unchanged: 0,
    };
    for (const [index, tree] of prepared.entries()) {
      await commit(tree, trees[index]?.destination);
      for (const outcome of ["reflinked", "linked", "copied", "unpacked", "unchanged"] as const) {
        fileCounts[outcome] += tree.fileCounts[outcome];
      }
    }
    return { kind: "placed", fileCounts };
  } finally {
    for (const tree of prepared) tree.close();
  }
}

async function commit(tree: PreparedTree, destination: Destination | undefined): Promise<void> {
  try {
    await tree.commit();
  } catch (error) {
    throw destinationError(destination?.path ?? ("" as ByteString), error);
  }
}

function describeDamage(
  trees: readonly TreeToPlace[],
  prepared: readonly PreparedTree[],
  index: number,
): string {
  const tree = trees[index];
  const damaged = prepared[index]?.damaged ?? [];
  const [first] = damaged;
  if (tree === undefined || first === undefined) return "";
  // Of several trees each is told by its path.
  const root = bytesFromText(trees.length === 1 ? "" : (tree.stored.path ?? ""));
  const file = tree.manifest.filePath(first.file);
  const path = display(file === "" ? root : joinBytes(root, file)) || "the file";
  const others = damaged.length > 1 ? ` and ${damaged.length - 1} more` : "";
  switch (first.problem) {
    case "changed":
      return `${path}${others} was changed through a hard link; it will be copied from now on`;
    case "missing":
      return `the content of ${path}${others} is missing`;
    case "damaged":
      return `the content of ${path}${others} is damaged in its pack`;
    case "unreadable":
      return `the content of ${path}${others} cannot be read`;
  }
}
