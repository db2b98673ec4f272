import { copyFileSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { btdt } from "../support/executable.ts";
import { dir, file, makeTree, symlink, type TreeNode } from "../support/tree.ts";

/** Every kind of file in a cache that an attacker could write. */
export const FILE_KINDS = [
  "key",
  "manifest",
  "delta",
  "object",
  "index",
  "pack",
  "format",
  "edited",
  "count",
] as const;
type FileKind = (typeof FILE_KINDS)[number];

export interface CacheFile {
  readonly kind: FileKind;
  /** Relative to the cache directory. */
  readonly path: string;
}

/** A cache with an entry for each kind of storage, and the trees that were stored. */
export interface CacheSample {
  readonly cache: string;
  /** By key. */
  readonly trees: Readonly<Record<string, string>>;
  readonly files: readonly [CacheFile, ...CacheFile[]];
}

const LINKED = "linked";
const PACKED = "packed";
const CHANGED = "changed";

function tree(version: string): TreeNode {
  const many = Array.from({ length: 60 }, (_, index): [string, TreeNode] => {
    return [`f${index}`, file(`content of file ${index} `.repeat(index))];
  });
  return dir({
    d: dir(Object.fromEntries(many), { mode: 0o750 }),
    large: file(Buffer.alloc(5_000_000, "large content ")),
    link: symlink("d/f1"),
    version: file(version),
  });
}

/** Creates a cache with the executable, in an empty directory. */
export function makeCacheSample(directory: string): CacheSample {
  const cache = join(directory, "cache");
  mkdirSync(cache);
  const run = (words: readonly string[]): void => {
    // Paths within the working directory are recorded.
    const { exitCode, stderr } = btdt(words, { cwd: directory });
    if (exitCode !== 0) throw new Error(`btdt ${words.join(" ")} ended with ${exitCode}: ${stderr}`);
  };
  const trees: Record<string, string> = {};
  for (const [key, storage] of [
    [LINKED, "objects"],
    [PACKED, "packs"],
    [CHANGED, "packs"],
  ] as const) {
    trees[key] = join(directory, key);
    makeTree(trees[key], tree(key));
    const [first, further] = [join(trees[key], "d", "f7"), join(trees[key], "further-name")];
    // Two of the manifests have format 2. All trees have the same names: they are restored to the same place.
    if (key === CHANGED) copyFileSync(first, further);
    else linkSync(first, further);
    run(["store", "-c", cache, "-k", key, "--storage", storage, "--link", "hard", key]);
  }
  run(["restore", "-c", cache, "-k", LINKED, "--link", "hard", join(directory, "restored")]);
  // In place, like a tool; the next restore notices.
  writeFileSync(join(directory, "restored", "version"), "edited");
  btdt(["restore", "-c", cache, "-k", LINKED, join(directory, "again")]);
  run(["store", "-c", cache, "-k", LINKED, "--storage", "objects", LINKED]);
  return { cache, trees, files: listCacheFiles(cache) };
}

function listCacheFiles(cache: string): [CacheFile, ...CacheFile[]] {
  const paths = readdirSync(cache, { recursive: true }).map(String);
  const files = paths.flatMap((path) => {
    const kind = kindOf(cache, path);
    return kind === undefined ? [] : [{ kind, path }];
  });
  for (const kind of FILE_KINDS) {
    if (!files.some((each) => each.kind === kind)) throw new Error(`the sample has no ${kind}`);
  }
  return files as [CacheFile, ...CacheFile[]];
}

function kindOf(cache: string, path: string): FileKind | undefined {
  const [, room, ...rest] = path.split("/");
  switch (room) {
    case "format":
      return "format";
    case "keys":
      return rest.length === 1 ? "key" : undefined;
    case "manifests":
      if (rest.length !== 2) return undefined;
      return readFileSync(join(cache, path)).toString("latin1", 0, 8) === "BTDTMDLT" ? "delta" : "manifest";
    case "objects":
      return rest.length === 2 ? "object" : undefined;
    case "packs":
      if (rest[1] === "pack") return "pack";
      return rest[1] === "index" ? "index" : undefined;
    case "edited-paths":
      return rest.length === 1 ? "edited" : undefined;
    case "restore-counts":
      return rest.length === 1 ? "count" : undefined;
    default:
      return undefined;
  }
}
