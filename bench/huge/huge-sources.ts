import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { CHUNK_SIZE_BYTES } from "../../src/base/digest.ts";

const FILES_PER_DIRECTORY = 100;
const DIRECTORIES_PER_PARENT = 100;

/** A tree of files that all differ, each of a few bytes. */
export function makeHugeTree(root: string, fileCount: number): void {
  let directory = root;
  for (let file = 0; file < fileCount; file++) {
    if (file % FILES_PER_DIRECTORY === 0) {
      const index = file / FILES_PER_DIRECTORY;
      directory = `${root}/group-${Math.floor(index / DIRECTORIES_PER_PARENT)}/package-${index}`;
      mkdirSync(directory, { recursive: true });
    }
    writeFileSync(`${directory}/module-${file}.js`, `export default ${file};\n`);
  }
}

/** A sparse file, every chunk of which differs from the others. */
export function makeHugeFile(path: string, sizeBytes: number): void {
  const file = openSync(path, "wx");
  try {
    ftruncateSync(file, sizeBytes);
    for (let start = 0; start < sizeBytes; start += CHUNK_SIZE_BYTES) writeSync(file, `${start}`, start);
  } finally {
    closeSync(file);
  }
}
