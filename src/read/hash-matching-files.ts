import { type ByteString, display, escapeControls, parentOf } from "../base/byte-string.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { BtdtError } from "../base/errors.ts";
import { reasonOf } from "../fs/errno.ts";
import { resolvePath } from "../fs/resolve-path.ts";
import { runAll } from "../work/run-all.ts";
import type { Runtime } from "../work/runtime.ts";
import { hashFilesJob } from "./hash-files.ts";
import { hashLargeFile } from "./hash-large-file.ts";
import { combineDigests } from "./hash-paths.ts";
import { describeLargeFile } from "./large-file.ts";
import { matchFiles } from "./match-files.ts";

const BATCH_FILES = 400;

/**
 * What `btdt hash` prints for the matching files, in the order of their paths. No match is an error, because a key
 * that never changes would go unnoticed; if it is allowed, the digest is empty.
 * @throws BtdtError NO_FILES_MATCH, SOURCE_UNREADABLE, SOURCE_CHANGED, CANCELLED
 */
export async function hashMatchingFiles(
  patterns: readonly string[],
  allowEmpty: boolean,
  runtime: Runtime,
): Promise<string> {
  const matches = matchFiles(patterns, runtime.isCancelled);
  if (matches.length === 0) {
    if (allowEmpty) return "";
    const list = patterns.map(escapeControls).join(", ");
    throw new BtdtError("NO_FILES_MATCH", `hashFiles in a key matches no files: ${list}`, {
      hint: "patterns are relative to the working directory and match files, not directories; use --allow-empty-hash to accept this",
    });
  }
  runtime.progress.begin({ name: "hashing", unit: "bytes", files: matches.length });
  const digests = await digestPaths(matches.map(resolveMatch), runtime).finally(() => runtime.progress.end());
  if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before everything was hashed");
  return combineDigests(digests);
}

function resolveMatch(path: ByteString): ByteString {
  try {
    return resolvePath(path);
  } catch (error) {
    throw new BtdtError("SOURCE_CHANGED", `cannot read ${display(path)}: ${reasonOf(error)}`, {
      path: display(path),
      cause: error,
    });
  }
}

async function digestPaths(paths: readonly ByteString[], runtime: Runtime): Promise<Uint8Array[]> {
  const batches: ByteString[][] = [];
  for (let start = 0; start < paths.length; start += BATCH_FILES) {
    batches.push(paths.slice(start, start + BATCH_FILES));
  }
  const { inline, pool } = runtime.runners;
  const hashed = await runAll(batches.length > 1 ? pool : inline, hashFilesJob, batches, (batch) => {
    // Paths are absolute: the empty root stands for "/".
    return { root: "" as ByteString, groups: batch.map(groupOf) };
  });
  const digests: Uint8Array[] = [];
  for (const [index, columns] of hashed.entries()) {
    const large = new Set(columns.large);
    for (const [position, path] of (batches[index] ?? []).entries()) {
      const offset = position * DIGEST_SIZE_BYTES;
      digests.push(
        large.has(position)
          ? await hashLargeFile(pool, describeLargeFile(path, columns, position))
          : columns.digests.subarray(offset, offset + DIGEST_SIZE_BYTES),
      );
    }
  }
  return digests;
}

function groupOf(path: ByteString) {
  const directory = parentOf(path);
  const name = path.slice(path.lastIndexOf("/") + 1) as ByteString;
  return { directory: directory.slice(1) as ByteString, names: [name] };
}
