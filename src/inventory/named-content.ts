import { compileLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { viewWords } from "../base/words.ts";

export const DIGEST_WORDS = DIGEST_SIZE_BYTES / 4;

/** What a file in the cache is, as far as its name tells. */
export const NAME_KINDS = ["object", "exclusive", "manifest"] as const;
export type NameKind = (typeof NAME_KINDS)[number];

/** What an object's name says: of a manifest, all but the digest is 0. */
export interface NamedContent {
  /** The words of digests, of which this is one. */
  digests: Int32Array;
  /** Where it starts in them. */
  firstWord: number;
  permissions: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
}

/** To be filled in. */
export function emptyName(): NamedContent {
  return { digests: new Int32Array(0), firstWord: 0, permissions: 0, mtimeSeconds: 0, mtimeNanoseconds: 0 };
}

/** A word of the digest. */
export function wordOf(
  { digests, firstWord }: Pick<NamedContent, "digests" | "firstWord">,
  word: number,
): number {
  return digests[firstWord + word] ?? 0;
}

let last: { readonly bytes: Uint8Array; readonly words: Int32Array } | undefined;

/** Copies a column of bytes that is not aligned for words, unless it is the one of the last call. */
export function wordsOf(bytes: Uint8Array): Int32Array {
  if (last?.bytes === bytes) return last.words;
  last = { bytes, words: viewWords(bytes) };
  return last.words;
}

compileLightly(wordOf);
