import type { ByteString } from "../base/byte-string.ts";

/** No name contains it. */
const SEPARATOR = "\0";
export const SEPARATOR_BYTE = 0;

/**
 * Names as one string. Millions of them wait for a thread at the same time, and as separate strings they would take
 * three times the memory.
 */
export interface NameList {
  readonly count: number;
  readonly joined: ByteString;
}

export function joinNames(names: readonly ByteString[]): NameList {
  return { count: names.length, joined: names.join(SEPARATOR) as ByteString };
}

export function splitNames({ count, joined }: NameList): ByteString[] {
  return count === 0 ? [] : (joined.split(SEPARATOR) as ByteString[]);
}

/** The size of all names together, without what separates them. */
export function nameBytesOf({ count, joined }: NameList): number {
  return joined.length - Math.max(0, count - 1);
}
