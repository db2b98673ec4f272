import { statSync } from "node:fs";
import { bytesFromText, escapeControls } from "../base/byte-string.ts";
import { hexOf } from "../base/digest.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { resolvePath } from "../fs/resolve-path.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { readSingleFile } from "./read-single-file.ts";
import { treeDigest } from "./tree-digest.ts";

const PATHS_TAG = "btdt paths 1\0";

/**
 * One digest, 64 hexadecimal digits, for files and directories. The order of several paths matters, but not their
 * names: it is SHA-512/256 over a tag and the digest of each.
 * @throws BtdtError SOURCE_MISSING, SOURCE_UNREADABLE, SOURCE_CHANGED, SOURCE_UNSUPPORTED, CANCELLED
 */
export async function hashPaths(paths: readonly string[], runtime: Runtime): Promise<string> {
  const digests: Uint8Array[] = [];
  let fileCount = 0;
  const pause = createPause(runtime.isCancelled);
  runtime.progress.begin({ name: "hashing", unit: "bytes" });
  try {
    for (const [index, path] of paths.entries()) {
      await pause();
      const onWalked = (found: number): void => {
        fileCount += found;
        if (index === paths.length - 1) runtime.progress.expectFiles(fileCount);
      };
      digests.push(await hashPath(path, onWalked, runtime));
      // A cancelled job has hashed only some of its files.
      if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before everything was hashed");
    }
  } finally {
    runtime.progress.end();
  }
  return combineDigests(digests);
}

/** The digest of several paths, 64 hexadecimal digits, from the digests of each. */
export function combineDigests(digests: readonly Uint8Array[]): string {
  const [first] = digests;
  if (first !== undefined && digests.length === 1) return hexOf(first);
  const hasher = new Bun.SHA512_256().update(PATHS_TAG);
  for (const digest of digests) hasher.update(digest);
  return hasher.digest("hex");
}

async function hashPath(
  path: string,
  onWalked: (fileCount: number) => void,
  runtime: Runtime,
): Promise<Uint8Array> {
  const isDirectory = isDirectoryToHash(path);
  // A symlink named by the user is followed, as by sha256sum; those inside a directory are not.
  const resolved = resolvePath(bytesFromText(path));
  if (!isDirectory) {
    onWalked(1);
    return treeDigest(await readSingleFile(resolved, runtime.runners));
  }
  const [{ IgnoreRules }, { readTree }] = await Promise.all([
    import("./ignore-rules.ts"),
    import("./read-tree.ts"),
  ]);
  const options = {
    ignoreRules: new IgnoreRules([], false),
    onWarning: runtime.onWarning,
    onWalked,
    pause: createPause(runtime.isCancelled),
  };
  return treeDigest(await readTree(resolved, options, runtime.runners));
}

function isDirectoryToHash(path: string): boolean {
  const name = escapeControls(path);
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) return true;
    if (stats.isFile()) return false;
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") {
      throw new BtdtError("SOURCE_MISSING", `cannot hash ${name}: no such file or directory`, { path: name });
    }
    throw new BtdtError("SOURCE_UNREADABLE", `cannot read ${name}: ${reasonOf(error)}`, {
      path: name,
      cause: error,
    });
  }
  throw new BtdtError("SOURCE_UNSUPPORTED", `${name} is neither a directory nor a file`, { path: name });
}
