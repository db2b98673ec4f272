import { escapeControls } from "../base/byte-string.ts";
import { isBtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readKeyFile } from "../cache/key-files.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";
import { decodeKeyFile } from "../key/key-file.ts";
import { keyFileName } from "../key/key-file-name.ts";
import { isSameRecord, type KeyRecord } from "../key/key-record.ts";
import type { RecordVerifier } from "../key/signed-record.ts";
import type { FoundTree } from "./load-trees.ts";

/** A key that was found, and why its entry could not be used. */
export interface UnusableKey {
  readonly key: string;
  /** A sentence for the user. */
  readonly reason: string;
}

export type FoundEntry =
  | {
      readonly kind: "found";
      readonly keyFileName: string;
      readonly record: KeyRecord;
      /** All trees of the record, in its order. */
      readonly trees: readonly FoundTree[];
    }
  | { readonly kind: "missing" }
  /** Found, but wrong; `reason` is a sentence for the user. */
  | { readonly kind: "damaged"; readonly reason: string }
  /** Found, but not signed by a key that is trusted. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Found, but the system cannot read it at the moment. */
  | { readonly kind: "unreadable"; readonly reason: string };

export interface FindOptions {
  /** Decides whether an entry is trusted, before anything else of it is read. */
  readonly explainRefusal?: RecordVerifier | undefined;
  /** Called for an existing key before its manifests, which may be large, are read. */
  readonly onFound?: ((record: KeyRecord) => void) | undefined;
}

/**
 * Looks up a key and reads its manifests. Whether the objects are whole is only known when they are used.
 * @throws BtdtError CACHE_FORMAT_NEWER
 */
export async function findEntry(
  cache: CacheDirectory,
  key: string,
  { explainRefusal, onFound }: FindOptions = {},
): Promise<FoundEntry> {
  const name = keyFileName(key);
  try {
    const keyFile = readKeyFile(cache, name);
    if (keyFile === undefined) return { kind: "missing" };
    const record = decodeKeyFile(keyFile.bytes, name);
    const refusal = explainRefusal?.(record);
    if (refusal !== undefined) return { kind: "refused", reason: refusal };
    onFound?.(record);
    // A miss does without it, and loading it takes longer than finding that there is no entry.
    const { loadTrees } = await import("./load-trees.ts");
    const read = loadTrees(cache, record.trees);
    if (read.kind === "read") return { kind: "found", keyFileName: name, record, trees: read.trees };
    // A clean removes the key first: if that is gone as well, this is an ordinary miss. Or a store has replaced the
    // entry, and a clean has removed the old one's manifest.
    const now = readKeyFile(cache, name);
    if (now === undefined) return { kind: "missing" };
    if (!isSameRecord(decodeKeyFile(now.bytes, name), record))
      return await findEntry(cache, key, { explainRefusal, onFound });
    return read.kind === "missing" ? { kind: "damaged", reason: "its manifest is missing" } : read;
  } catch (error) {
    if (isBtdtError(error, "KEY_DAMAGED")) return { kind: "damaged", reason: error.message };
    if (errnoOf(error) !== undefined)
      return { kind: "unreadable", reason: `it cannot be read: ${reasonOf(error)}` };
    throw error;
  }
}

export function damageWarning(key: string, reason: string): string {
  return `the entry of key ${escapeControls(key)} cannot be used and counts as a miss: ${reason}`;
}
