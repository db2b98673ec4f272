import { compileLightly } from "../../base/compile-lightly.ts";
import { wordAt } from "../contents/content-table.ts";

const SLOT_COUNT = 2 ** 20;
const LONGEST_PROBE = 32;

/**
 * Which contents some thread of a store is already packing, so that each is packed once. Only a hint: it
 * distinguishes digests by half of their bits, and forgets when it is full. If a content was mistaken for another
 * one, the store finds it missing when it checks that it has all of them.
 */
export function allocateClaims(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(SLOT_COUNT * 8));
}

/** Returns false if the digest at `offset` was claimed before. */
export function claimContent(claims: Int32Array, digest: Uint8Array, offset: number): boolean {
  const first = wordAt(digest, offset) | 1;
  const second = wordAt(digest, offset + 4) | 1;
  let slot = wordAt(digest, offset + 8) & (SLOT_COUNT - 1);
  for (let probe = 0; probe < LONGEST_PROBE; probe++, slot = (slot + 1) & (SLOT_COUNT - 1)) {
    const found = Atomics.compareExchange(claims, 2 * slot, 0, first);
    if (found === 0) {
      Atomics.store(claims, 2 * slot + 1, second);
      return true;
    }
    if (found === first && Atomics.load(claims, 2 * slot + 1) === second) return false;
  }
  return true;
}

compileLightly(claimContent);
