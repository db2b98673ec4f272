import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** The files of a tree that have several names in it: the paths of each, and how many names the inode has in all. */
export function listHardLinks(
  root: string,
): { readonly names: readonly string[]; readonly linkCount: number }[] {
  const inodes = new Map<string, { names: string[]; linkCount: number }>();
  for (const name of readdirSync(root, { recursive: true }).map(String).toSorted()) {
    const stats = lstatSync(join(root, name), { bigint: true });
    if (!stats.isFile()) continue;
    const key = `${stats.dev} ${stats.ino}`;
    const found = inodes.get(key) ?? { names: [], linkCount: Number(stats.nlink) };
    found.names.push(name);
    inodes.set(key, found);
  }
  return [...inodes.values()].filter(({ names }) => names.length > 1);
}

/** What the files of a tree take on disk, each inode once. */
export function allocatedBytesIn(root: string): number {
  const inodes = new Map<string, number>();
  for (const name of readdirSync(root, { recursive: true }).map(String)) {
    const stats = lstatSync(join(root, name), { bigint: true });
    if (stats.isFile()) inodes.set(`${stats.dev} ${stats.ino}`, Number(stats.blocks) * 512);
  }
  return [...inodes.values()].reduce((sum, bytes) => sum + bytes, 0);
}
