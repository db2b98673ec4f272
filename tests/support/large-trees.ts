import { createCipheriv, createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** Incompressible bytes, which are the same for the same seed. */
export function randomBytes(seed: string, sizeBytes: number): Buffer {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}

const DIRECTORIES = 400;
const FILES_IN_DIRECTORY = 200;

export const MANY_FILES = DIRECTORIES * FILES_IN_DIRECTORY;

/** One in this many files is empty, and as many have the content of their neighbour. */
const EMPTY_EACH = 400;
const TWIN_EACH = 10;

/** Creates `MANY_FILES` small files of up to 6 KB, including empty and equal ones, with various modes and times. */
export function makeManyFiles(root: string): void {
  mkdirSync(root);
  for (let directory = 0; directory < DIRECTORIES; directory++) {
    const path = join(root, `part ${directory % 20}`, `package-${directory}`);
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < FILES_IN_DIRECTORY; file++) {
      const index = directory * FILES_IN_DIRECTORY + file;
      const name = join(path, `module-${file}.js`);
      writeFileSync(name, smallContent(index, "first"), { mode: 0o600 });
      chmodSync(name, index % 7 === 0 ? 0o755 : 0o640);
      utimesSync(name, 1_600_000_000 + index, 1_600_000_000 + index + 0.25);
    }
    utimesSync(path, 1_500_000_000 + directory, 1_500_000_000 + directory + 0.5);
    chmodSync(path, directory % 3 === 0 ? 0o750 : 0o755);
  }
}

/** Rewrites one in a hundred of them; returns their paths relative to the root. */
export function changeSomeFiles(root: string): string[] {
  const changed: string[] = [];
  for (let index = 7; index < MANY_FILES; index += 100) {
    const directory = Math.floor(index / FILES_IN_DIRECTORY);
    const path = `part ${directory % 20}/package-${directory}/module-${index % FILES_IN_DIRECTORY}.js`;
    // Its old name may be linked to the content in a cache.
    rmSync(join(root, path));
    writeFileSync(join(root, path), smallContent(index, "second"));
    changed.push(path);
  }
  return changed;
}

function smallContent(index: number, edition: string): Uint8Array {
  if (index % EMPTY_EACH === 0) return new Uint8Array();
  const origin = index % TWIN_EACH === 1 ? index + 1 : index;
  // Half of it is like all others, the other half is unique.
  const sizeBytes = (origin * 7919) % 3000;
  const line = `export const value = require("./module"); // ${edition} ${origin}\n`;
  const lines = Buffer.from(line.repeat(1 + Math.floor(sizeBytes / line.length)));
  return Buffer.concat([lines, randomBytes(`${edition} ${origin}`, sizeBytes)]);
}

export interface Patch {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Creates a sparse file of zeros, with a few patches of data. */
export function makeSparseFile(path: string, sizeBytes: number, patches: readonly Patch[]): void {
  const descriptor = openSync(path, "wx");
  try {
    ftruncateSync(descriptor, sizeBytes);
    for (const { offset, bytes } of patches) writeSync(descriptor, bytes, 0, bytes.length, offset);
  } finally {
    closeSync(descriptor);
  }
}
