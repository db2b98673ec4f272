import { callLibc } from "./libc-calls.ts";
import { tryTricks } from "./tricks.ts";

/** What both threads can be asked to do by themselves. */
export type Trial = "tricks" | "libc";

export function tryOut(trial: Trial, scratch: string): unknown {
  switch (trial) {
    case "tricks":
      return tryTricks(scratch);
    case "libc":
      return callLibc(scratch);
  }
}

/** Views of shared memory, alone and inside other objects, and memory of the sender's own. */
export interface Shares {
  readonly counter: BigInt64Array;
  readonly nested: { readonly part: Uint8Array; readonly list: readonly Int32Array[] };
  readonly copied: Uint8Array;
}

export type ThreadRequest =
  | { readonly kind: "try"; readonly trial: Trial; readonly scratch: string }
  | { readonly kind: "share"; readonly shares: Shares };

const ROUNDS = 100_000;

/** Both threads do this at the same time. */
export function countUp(counter: BigInt64Array): void {
  for (let round = 0; round < ROUNDS; round++) Atomics.add(counter, 0, 1n);
}
