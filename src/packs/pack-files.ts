import type { ByteString } from "../base/byte-string.ts";
import { shortLivedMethods } from "../base/short-lived.ts";
import { emptyStatus } from "../fs/file-status.ts";
import { PathBuffer } from "../fs/path-buffer.ts";
import { DIGEST_SIZE_BYTES } from "../objects/digest.ts";
import { changedWhileRead, readSmallFile } from "../objects/hash-small-file.ts";
import { readWork } from "../objects/read-work.ts";
import type { Job } from "../work/job.ts";
import { BlockWriter, type PackedBlock, type PackTarget } from "./block-writer.ts";
import { claimContent } from "./content-claims.ts";
import { findContent } from "./content-table.ts";
import { type HeldContents, hasHeldObject } from "./held-contents.ts";

const SLASH = "/" as ByteString;

export interface PackFilesInput {
  readonly root: ByteString;
  /** Directories relative to the root, each with the names of its files. */
  readonly groups: readonly { readonly directory: ByteString; readonly names: readonly ByteString[] }[];
  readonly target: PackTarget;
  readonly held: HeldContents;
}

/** One element a file, in the input's order, and the blocks that their contents went into. */
export interface PackedFiles {
  readonly sizes: Float64Array;
  readonly mtimeSeconds: Float64Array;
  readonly mtimeNanoseconds: Uint32Array;
  readonly modes: Uint16Array;
  readonly digests: Uint8Array;
  /** Positions of the files above one chunk, which are left to be packed chunk by chunk. */
  readonly large: readonly number[];
  readonly blocks: readonly PackedBlock[];
  /** Files whose content the cache had before. */
  readonly reusedCount: number;
}

const path = new PathBuffer();
const status = emptyStatus();

/**
 * Reads and digests files, and packs the contents that the cache does not hold yet: one pass over the source.
 * @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE; a `node:fs` error means that the pack cannot be written
 */
export const packFilesJob: Job<PackFilesInput, PackedFiles> = {
  name: "pack-files",
  run({ root, groups, target, held }, context) {
    const count = groups.reduce((sum, group) => sum + group.names.length, 0);
    const writer = new BlockWriter(target);
    const result = {
      sizes: new Float64Array(count),
      mtimeSeconds: new Float64Array(count),
      mtimeNanoseconds: new Uint32Array(count),
      modes: new Uint16Array(count),
      digests: new Uint8Array(count * DIGEST_SIZE_BYTES),
      large: [] as number[],
      blocks: writer.blocks,
      reusedCount: 0,
    };
    let file = 0;
    for (const { directory, names } of groups) {
      path.set(root);
      if (directory !== "") path.append(SLASH).append(directory);
      const { length } = path;
      for (const name of names) {
        if (context.isCancelled() || Atomics.load(held.stopFlag, 0) !== 0) return result;
        path.truncate(length);
        // A single file is its own root and has no name below it.
        if (name !== "") path.append(SLASH).append(name);
        const offset = file * DIGEST_SIZE_BYTES;
        switch (readSmallFile(path, status, writer.buffer, writer.position)) {
          case "read": {
            const content = writer.buffer.bytes.subarray(writer.position, writer.position + status.sizeBytes);
            const digest = result.digests.subarray(offset, offset + DIGEST_SIZE_BYTES);
            Bun.SHA256.hash(content, digest);
            if (status.sizeBytes === 0) break;
            const isHeld =
              findContent(held.packed, result.digests, offset) >= 0 ||
              hasHeldObject(held, result.digests, offset, status);
            if (isHeld) result.reusedCount += 1;
            else if (claimContent(held.claims, result.digests, offset)) writer.add(status.sizeBytes, digest);
            break;
          }
          case "large":
            result.large.push(file);
            break;
          case "not-a-file":
            throw changedWhileRead(path);
        }
        result.sizes[file] = status.sizeBytes;
        result.mtimeSeconds[file] = status.mtimeSeconds;
        result.mtimeNanoseconds[file] = status.mtimeNanoseconds;
        result.modes[file] = status.mode;
        file += 1;
      }
    }
    writer.flush();
    return result;
  },
  workOf: (_input, output) => readWork(output),
};

shortLivedMethods(packFilesJob);
