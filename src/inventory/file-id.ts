import { compileLightly } from "../base/compile-lightly.ts";
import { type NamedContent, type NameKind, wordOf } from "./named-content.ts";

/** Words of an id. */
export const ID_WORDS = 4;

const SECONDS_HIGH_SHIFT = 9;
const PERMISSION_BITS = (1 << SECONDS_HIGH_SHIFT) - 1;
const SECONDS_HIGH_BITS = (1 << 22) - 1;
/** Above the nanoseconds. */
const NANOSECOND_BITS = (1 << 30) - 1;
const IS_MANIFEST = 1 << 31;
const IS_EXCLUSIVE = 1 << 31;
const TWO_TO_32 = 2 ** 32;

/**
 * Identifies a file by 16 bytes: the first half of its digest, and everything else in its name, combined by an exclusive
 * or. Files with the same half of a digest have different ids, because nothing of the rest is cut off. Files with
 * different ones have the same id only if someone made up their names; they are then needed, and deleted, together.
 */
export function writeId(content: NamedContent, kind: NameKind, into: Int32Array): void {
  const secondsHigh = Math.floor(content.mtimeSeconds / TWO_TO_32) & SECONDS_HIGH_BITS;
  // Of a number beyond 32 bits, bitwise operators take the low ones.
  into[0] = wordOf(content, 0);
  into[1] = wordOf(content, 1) ^ content.mtimeSeconds;
  into[2] = wordOf(content, 2) ^ content.mtimeNanoseconds ^ (kind === "manifest" ? IS_MANIFEST : 0);
  into[3] =
    wordOf(content, 3) ^
    (content.permissions | (secondsHigh << SECONDS_HIGH_SHIFT)) ^
    (kind === "exclusive" ? IS_EXCLUSIVE : 0);
}

/** The last word of the id that an object has if it is exclusive, from that of the one that is not, and back. */
export function twinWord(lastWord: number): number {
  return lastWord ^ IS_EXCLUSIVE;
}

/** What an id says besides the digest. @param id words, of which the id starts at `first` */
export function readAttributes(
  id: Int32Array,
  first: number,
  digest: Pick<NamedContent, "digests" | "firstWord">,
): Pick<NamedContent, "permissions" | "mtimeSeconds" | "mtimeNanoseconds"> {
  const secondsLow = (id[first + 1] ?? 0) ^ wordOf(digest, 1);
  const rest = (id[first + 3] ?? 0) ^ wordOf(digest, 3);
  const secondsHigh = (rest << 1) >> (SECONDS_HIGH_SHIFT + 1);
  return {
    permissions: rest & PERMISSION_BITS,
    mtimeSeconds: secondsHigh * TWO_TO_32 + (secondsLow >>> 0),
    mtimeNanoseconds: ((id[first + 2] ?? 0) ^ wordOf(digest, 2)) & NANOSECOND_BITS,
  };
}

compileLightly(writeId);
