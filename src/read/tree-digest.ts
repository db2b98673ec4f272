import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { at, type Manifest } from "../manifest/manifest.ts";

const DIRECTORY_TAG = "btdt directory 1\0";
const FILE = 0x66;
const DIRECTORY = 0x64;
const SYMLINK = 0x6c;

interface Child {
  readonly kind: number;
  readonly name: string;
  readonly digest: Uint8Array;
}

/**
 * The digest of a directory or a single file. It covers names, kinds and contents, but not modes and times.
 *
 * A directory's digest is SHA-512/256 over a tag and, for each child by name bytes, its kind (`f`, `d` or `l`), the
 * length of the name as 32 bits little-endian, the name, and the child's digest. A symlink's digest is the SHA-256 of
 * its target.
 */
export function treeDigest(manifest: Manifest): Uint8Array {
  if (manifest.counts.isSingleFile) return manifest.fileDigests;
  const children: Child[][] = [];
  for (let directory = 0; directory < manifest.counts.directoryCount; directory++)
    children.push(listLeaves(manifest, directory));
  // Children come after their parents, so in reverse order, every child is done before its parent.
  for (let directory = manifest.counts.directoryCount - 1; directory > 0; directory--) {
    const digest = digestDirectory(children[directory] ?? []);
    const name = manifest.directoryName(directory);
    children[at(manifest.directoryParents, directory)]?.push({ kind: DIRECTORY, name, digest });
    children[directory] = [];
  }
  return digestDirectory(children[0] ?? []);
}

function listLeaves(manifest: Manifest, directory: number): Child[] {
  const leaves: Child[] = [];
  for (let file = manifest.firstFileOf(directory); file < at(manifest.directoryFileEnds, directory); file++) {
    const start = file * DIGEST_SIZE_BYTES;
    const digest = manifest.fileDigests.subarray(start, start + DIGEST_SIZE_BYTES);
    leaves.push({ kind: FILE, name: manifest.fileName(file), digest });
  }
  for (
    let link = manifest.firstSymlinkOf(directory);
    link < at(manifest.directorySymlinkEnds, directory);
    link++
  ) {
    const digest = sha256(Buffer.from(manifest.symlinkTarget(link), "latin1"));
    leaves.push({ kind: SYMLINK, name: manifest.symlinkName(link), digest });
  }
  return leaves;
}

function digestDirectory(children: readonly Child[]): Uint8Array {
  const hasher = new Bun.SHA512_256();
  hasher.update(DIRECTORY_TAG);
  for (const child of children.toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
    const head = Buffer.alloc(5);
    head.writeUInt8(child.kind, 0);
    head.writeUInt32LE(child.name.length, 1);
    hasher.update(head).update(Buffer.from(child.name, "latin1")).update(child.digest);
  }
  return new Uint8Array(hasher.digest().buffer);
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(new Bun.SHA256().update(bytes).digest().buffer);
}
