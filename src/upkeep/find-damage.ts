import { escapeControls, textFromBytes } from "../base/byte-string.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readManifestFile } from "../cache/manifest-files.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import type { Inventory } from "../inventory/inventory.ts";
import type { StoredTree } from "../key/key-record.ts";
import { treeNames } from "../key/tree-names.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { ManifestReader } from "../manifest/manifest-reader.ts";
import { lookUpObject } from "../objects/list-objects.ts";
import { hasObject } from "../objects/object-attributes.ts";
import { nameObject, twinOf } from "../objects/object-name.ts";
import type { ContentVerifier } from "./content-verifier.ts";

/** A file of an entry that a restore would not get right. */
export interface DamagedFile {
  readonly manifest: Manifest;
  readonly file: number;
  readonly tree: StoredTree;
  /** Its path in the entry, below the path of its tree if there are several. */
  readonly path: string;
  readonly reason: string;
}

export interface EntryDamage {
  /** The damage of a manifest: the entry's files are unknown. */
  readonly manifestReasons: readonly string[];
  readonly files: readonly DamagedFile[];
  /** Why some of it could not be examined. */
  readonly unreadable: ReadonlySet<string>;
}

export const NO_DAMAGE: EntryDamage = { manifestReasons: [], files: [], unreadable: new Set() };

export function hasDamage({ manifestReasons, files }: EntryDamage): boolean {
  return manifestReasons.length > 0 || files.length > 0;
}

/**
 * Finds what a restore of an entry would not get right, given the contents that were read. @throws BtdtError
 * CACHE_FORMAT_NEWER
 */
export function findDamage(
  cache: CacheDirectory,
  trees: readonly StoredTree[],
  stock: Inventory,
  contents: ContentVerifier,
): EntryDamage {
  const reader = new ManifestReader((digest) => readManifestFile(cache, digest));
  const manifestReasons: string[] = [];
  const files: DamagedFile[] = [];
  const unreadable = new Set<string>();
  const names = treeNames(trees);
  for (const [index, tree] of trees.entries()) {
    const read = reader.read(tree.manifest);
    switch (read.kind) {
      case "missing":
        manifestReasons.push("its manifest is missing");
        break;
      case "damaged":
        manifestReasons.push(read.reason);
        break;
      case "unreadable":
        unreadable.add(read.reason);
        break;
      case "read":
        for (const { file, problem } of findFiles(cache, read.manifest, stock, contents)) {
          if (problem.kind === "unreadable") unreadable.add(problem.reason);
          else {
            const below = trees.length > 1 ? (names[index] ?? "") : "";
            const path = describePath(below, textFromBytes(read.manifest.filePath(file)));
            files.push({ manifest: read.manifest, file, tree, path, reason: problem.reason });
          }
        }
    }
  }
  return { manifestReasons, files, unreadable };
}

function describePath(treeName: string, filePath: string): string {
  const parts = [treeName, filePath].filter((part) => part !== "");
  return escapeControls(parts.join("/") || ".");
}

interface Problem {
  readonly kind: "damaged" | "unreadable";
  readonly reason: string;
}

function* findFiles(
  cache: CacheDirectory,
  manifest: Manifest,
  stock: Inventory,
  contents: ContentVerifier,
): Generator<{ readonly file: number; readonly problem: Problem }> {
  for (let file = 0; file < manifest.counts.fileCount; file++) {
    if (!hasObject(manifest, file)) continue;
    const problem = findProblem(cache, manifest, file, stock, contents);
    if (problem !== undefined) yield { file, problem };
  }
}

export function describeBlockDamage(packName: string, block: number): string {
  return `block ${block} of pack ${packName} is damaged`;
}

/** Like a restore, it uses objects if they have the right content, and packs otherwise. */
function findProblem(
  cache: CacheDirectory,
  manifest: Manifest,
  file: number,
  { items, packs }: Inventory,
  contents: ContentVerifier,
): Problem | undefined {
  const sizeBytes = at(manifest.fileSizes, file);
  let isMissing = true;
  let isSound = false;
  for (const name of objectNames(manifest, file, items)) {
    const item = items.itemOfFile(name);
    const object = item === undefined ? undefined : { ...items.flagsOf(item), sizeBytes: items.sizeOf(item) };
    const state = contents.objectState(name);
    if (object === undefined || state === "gone") continue;
    isMissing = false;
    const isUsable =
      object.isFile && object.sizeBytes === sizeBytes && (object.isAsNamed || state !== "damaged");
    if (!isUsable) continue;
    // Which one a restore uses depends on the destination.
    switch (state) {
      case "damaged":
        return { kind: "damaged", reason: "the content of its object has changed" };
      case "unreadable":
        return { kind: "unreadable", reason: `the object ${name} cannot be read` };
      default:
        isSound = true;
    }
  }
  if (isSound) return undefined;
  const packed = packs.findFile(manifest.fileDigests, file * DIGEST_SIZE_BYTES, sizeBytes);
  if (packed !== undefined) return findPackProblem(packed, packs, contents);
  if (packs.unreadable.length > 0) return { kind: "unreadable", reason: "not all packs can be read" };
  if (!isMissing) return { kind: "damaged", reason: "its object was edited or truncated" };
  return findLookUpProblem(cache, nameObject(manifest, file)) ?? MISSING;
}

const MISSING: Problem = { kind: "damaged", reason: "its content is missing" };

/** Of the objects that a file may have. */
function objectNames(manifest: Manifest, file: number, items: Inventory["items"]): string[] {
  const name = nameObject(manifest, file);
  return items.hasExclusiveObjects ? [name, twinOf(name)] : [name];
}

/** Something that is in no listing is missing only if the system says so. */
function findLookUpProblem({ objects }: CacheDirectory, name: string): Problem | undefined {
  try {
    // Both are in the same shard.
    lookUpObject(objects, name);
    return undefined;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return { kind: "unreadable", reason: `the object ${name} cannot be examined: ${reasonOf(error)}` };
  }
}

function findPackProblem(
  packed: readonly number[],
  packs: Inventory["packs"],
  contents: ContentVerifier,
): Problem | undefined {
  for (const content of packed) {
    const { pack, block } = packs.placeOf(content);
    const name = packs.packs[pack]?.name ?? "";
    const state = contents.blockState(name, block);
    if (state === "unreadable") return { kind: "unreadable", reason: `pack ${name} cannot be read` };
    if (state === "damaged" || state === "gone") {
      return { kind: "damaged", reason: describeBlockDamage(name, block) };
    }
  }
  return undefined;
}
