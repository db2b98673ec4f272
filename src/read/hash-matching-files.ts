import { type ByteString, display, escapeControls, parentOf } from "../base/byte-string.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { BtdtError } from "../base/errors.ts";
import type { Pause } from "../base/pause.ts";
import { reasonOf } from "../fs/errno.ts";
import { resolvePath } from "../fs/resolve-path.ts";
import { createPause } from "../work/breather.ts";
import { runEach } from "../work/run-all.ts";
import type { Runtime } from "../work/runtime.ts";
import { type FileRange, splitRest } from "./file-range.ts";
import { hashFilesJob } from "./hash-files.ts";
import { hashLargeFile } from "./hash-large-file.ts";
import { combineDigests } from "./hash-paths.ts";
import { describeLargeFile } from "./large-file.ts";
import { matchFiles } from "./match-files.ts";
import { joinNames } from "./name-list.ts";
import { throwFailures } from "./source-failure.ts";

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
  const pause = createPause(runtime.isCancelled);
  const matches = await matchFiles(patterns, pause);
  if (matches.length === 0) {
    if (allowEmpty) return "";
    const list = patterns.map(escapeControls).join(", ");
    throw new BtdtError("NO_FILES_MATCH", `hashFiles in a key matches no files: ${list}`, {
      hint: "patterns are relative to the working directory and match files, not directories; use --allow-empty-hash to accept this",
    });
  }
  runtime.progress.begin({ name: "hashing", unit: "bytes", files: matches.length });
  const digests = await digestMatches(matches, runtime, pause).finally(() => runtime.progress.end());
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

async function digestMatches(
  matches: readonly ByteString[],
  runtime: Runtime,
  pause: Pause,
): Promise<Uint8Array[]> {
  const paths: ByteString[] = [];
  for (const match of matches) {
    paths.push(resolveMatch(match));
    await pause();
  }
  const batches: FileRange[] = [];
  for (let firstFile = 0; firstFile < paths.length; firstFile += BATCH_FILES) {
    const groups = paths.slice(firstFile, firstFile + BATCH_FILES).map(groupOf);
    batches.push({ firstFile, groups, fileCount: groups.length });
  }
  const { inline, pool } = runtime.runners;
  const runner = batches.length > 1 ? pool : inline;
  const digests: Uint8Array[] = [];
  const digestRange = async (range: FileRange): Promise<void> => {
    const { firstFile, groups } = range;
    // Paths are absolute: the empty root stands for "/".
    const columns = await runner.run(hashFilesJob, { root: "" as ByteString, groups });
    throwFailures(
      columns.failures.map(({ position, code, message }) => {
        return { path: paths[firstFile + position] ?? ("" as ByteString), code, message };
      }),
    );
    const large = new Set(columns.large);
    const readCount = columns.sizes.length;
    for (const [position, path] of paths.slice(firstFile, firstFile + readCount).entries()) {
      const offset = position * DIGEST_SIZE_BYTES;
      digests[firstFile + position] = large.has(position)
        ? await hashLargeFile(pool, describeLargeFile(path, columns, position))
        : columns.digests.subarray(offset, offset + DIGEST_SIZE_BYTES);
    }
    // A job may leave some of its files to others.
    for (const rest of splitRest(range, readCount)) {
      await pause();
      await digestRange(rest);
    }
  };
  await runEach(runner, batches, digestRange);
  return digests;
}

function groupOf(path: ByteString) {
  const directory = parentOf(path);
  const name = path.slice(path.lastIndexOf("/") + 1) as ByteString;
  return { directory: directory.slice(1) as ByteString, names: joinNames([name]) };
}
