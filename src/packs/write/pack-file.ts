/**
 * The file of a pack that is being written, in its own directory. It is made by the thread that has the first block
 * for it: a store that finds everything has none, and on a network volume, making and removing a file and a directory
 * takes a dozen round trips.
 */
import { closeSync } from "node:fs";
import { type ByteString, joinBytes } from "../../base/byte-string.ts";
import { type AccessPolicy, makeDirectoryWith } from "../../fs/access-policy.ts";
import { writeFullyAt } from "../../fs/positioned-io.ts";
import { createFile } from "../../fs/regular-file.ts";
import { discardTree } from "../../fs/remove-tree.ts";
import { PACK_FILE_NAME } from "../contents/pack-directory.ts";
import { encodePackHeader } from "../format/index-codec.ts";
import { NONCE_BYTES, PACK_HEADER_BYTES } from "../format/index-layout.ts";

/** Plain data, which threads share. */
export interface PackFile {
  readonly directory: ByteString;
  /** Who may use the pack. */
  readonly policy: AccessPolicy;
  readonly nonce: Uint8Array;
  /** One word: one of the states below, or the descriptor plus OPEN. */
  readonly state: Int32Array;
  /** One element: the offset of the next block. Each thread reserves room for a block by adding to it. */
  readonly nextOffset: BigInt64Array;
}

const UNMADE = 0;
const BEING_MADE = 1;
const OPEN = 2;

/** Makes nothing yet. @param directory must not exist */
export function describePackFile(directory: ByteString, policy: AccessPolicy): PackFile {
  const nextOffset = new BigInt64Array(new SharedArrayBuffer(8));
  nextOffset[0] = BigInt(PACK_HEADER_BYTES);
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  return { directory, policy, nonce, state: new Int32Array(new SharedArrayBuffer(4)), nextOffset };
}

/**
 * Makes the directory and the file with its header, unless another thread has; one that is doing it is waited for.
 * @returns the descriptor, which is good in all threads
 * @throws a `node:fs` error; then nothing is left, and the next call tries again
 */
export function openPackFile(file: PackFile): number {
  for (;;) {
    const state = Atomics.compareExchange(file.state, 0, UNMADE, BEING_MADE);
    if (state >= OPEN) return state - OPEN;
    if (state === UNMADE) return makePackFile(file);
    Atomics.wait(file.state, 0, BEING_MADE);
  }
}

/** Its descriptor; undefined as long as nothing was written. */
export function descriptorOf({ state }: PackFile): number | undefined {
  const open = Atomics.load(state, 0);
  return open >= OPEN ? open - OPEN : undefined;
}

/** Writes a block at the next free place. @returns its offset @throws a `node:fs` error */
export function appendToPack(file: PackFile, block: Uint8Array): number {
  const descriptor = openPackFile(file);
  const offset = Number(Atomics.add(file.nextOffset, 0, BigInt(block.length)));
  writeFullyAt(descriptor, block, offset);
  return offset;
}

function makePackFile(file: PackFile): number {
  let next = UNMADE;
  try {
    const descriptor = createWithHeader(file);
    next = descriptor + OPEN;
    return descriptor;
  } finally {
    Atomics.store(file.state, 0, next);
    Atomics.notify(file.state, 0);
  }
}

function createWithHeader({ directory, policy, nonce }: PackFile): number {
  makeDirectoryWith(policy, directory);
  let descriptor: number | undefined;
  try {
    descriptor = createFile(joinBytes(directory, PACK_FILE_NAME), policy);
    writeFullyAt(descriptor, encodePackHeader(nonce), 0);
    return descriptor;
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    // Otherwise, the next thread would fail for another reason, which would hide this one.
    discardTree(directory);
    throw error;
  }
}
