import { type Snapshot, snapshotOf } from "../support/compare-trees.ts";
import { randomBytes } from "../support/large-trees.ts";
import { Random } from "../support/random.ts";
import { dir, file, symlink, type TreeNode } from "../support/tree.ts";

/** Identifies a tree: the part of an entry that one store makes. The tree contains it in the file `id`. */
export interface TreeId {
  readonly key: string;
  readonly version: number;
  readonly part: number;
}

const CHUNK_BYTES = 4 * 1024 * 1024;
const POOL_CHUNKS = 5;

/** Keys of one group (up to the `-`) share contents, those of different groups do not. */
export function groupOf(key: string): string {
  return key.slice(0, key.indexOf("-"));
}

/**
 * The tree of that name: always the same, and unique. Some files are those of other trees in the group, as are chunks
 * of large ones.
 */
export function sampleTree(id: TreeId): TreeNode {
  const random = new Random(`${id.key} ${id.version} ${id.part}`);
  const group = groupOf(id.key);
  const children: Record<string, TreeNode> = {
    id: file(JSON.stringify(id), { mtime: "@1600000000" }),
    empty: file("", { mtime: "@1600000001" }),
  };
  for (let directory = 0; directory < 2 + random.below(4); directory++) {
    const files: Record<string, TreeNode> = { up: symlink("../id", "@1600000002") };
    for (let index = 0; index < 2 + random.below(8); index++)
      files[`f${index}`] = sampleFile(random, group, id);
    children[`d${directory}`] = dir(files, { mode: random.pick([0o755, 0o700]), mtime: "@1600000003" });
  }
  if (random.isLucky(0.3)) children["large"] = largeFile(random, group);
  return dir(children, { mtime: "@1600000004" });
}

function sampleFile(random: Random, group: string, id: TreeId): TreeNode {
  if (random.isLucky(0.5)) {
    const shared = random.below(20);
    return file(`shared by ${group} ${shared}\n`.repeat(1 + shared * 9), {
      mtime: `@${1_500_000_000 + shared}`,
    });
  }
  const line = `${id.key} ${id.version} ${id.part} ${random.below(1e9)}\n`;
  const mode = random.pick([0o644, 0o755, 0o600]);
  return file(line.repeat(1 + random.below(40)), { mode, mtime: `@${1_400_000_000 + random.below(1000)}` });
}

/** Consists of chunks that other large files of the group have as well, so that often only the chunk list is new. */
function largeFile(random: Random, group: string): TreeNode {
  const chunks = Array.from({ length: 1 + random.below(2) }, () =>
    poolChunk(group, random.below(POOL_CHUNKS)),
  );
  return file(Buffer.concat([...chunks, Buffer.from(`end ${random.below(3)}`)]), { mtime: "@1600000005" });
}

const pool = new Map<string, Uint8Array>();

function poolChunk(group: string, index: number): Uint8Array {
  const name = `${group} ${index}`;
  const chunk = pool.get(name) ?? randomBytes(name, CHUNK_BYTES);
  pool.set(name, chunk);
  return chunk;
}

const snapshots = new Map<string, Snapshot>();

/** What a restored tree must be. */
export function expectedSnapshot(id: TreeId): Snapshot {
  const name = JSON.stringify(id);
  const snapshot = snapshots.get(name) ?? snapshotOf(sampleTree(id));
  snapshots.set(name, snapshot);
  return snapshot;
}
