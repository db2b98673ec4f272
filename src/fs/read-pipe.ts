import { open, read } from "node:fs";
import { BtdtError } from "../base/errors.ts";
import { errnoOf } from "./errno.ts";

const PIECE_BYTES = 256 * 1024;
const POLL_MS = 50;
const RETRY_MS = 5;

/** Opens what may block: a named pipe needs a writer. @throws BtdtError CANCELLED, a `node:fs` error */
export async function openPatiently(path: string, isCancelled: () => boolean): Promise<number> {
  const opening = new Promise<number>((resolve, reject) => {
    open(path, "r", (error, descriptor) => (error === null ? resolve(descriptor) : reject(error)));
  });
  return await unlessCancelled(opening, isCancelled);
}

/**
 * The data from a pipe, as it arrives. The writer may be slow: waiting leaves signals and timers their turn.
 * @throws BtdtError CANCELLED, a `node:fs` error
 */
export async function* readPipe(
  descriptor: number,
  isCancelled: () => boolean,
): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const piece = new Uint8Array(PIECE_BYTES);
    const count = await unlessCancelled(readOnce(descriptor, piece), isCancelled);
    if (count === 0) return;
    if (count === undefined) await Bun.sleep(RETRY_MS);
    else yield piece.subarray(0, count);
  }
}

/** Undefined if nothing is available yet in a pipe that its other owner has made non-blocking. */
async function readOnce(descriptor: number, piece: Uint8Array): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    read(descriptor, piece, 0, piece.length, null, (error, count) => {
      if (error === null) resolve(count);
      else if (errnoOf(error) === "EAGAIN") resolve(undefined);
      else reject(error);
    });
  });
}

async function unlessCancelled<Result>(
  waiting: Promise<Result>,
  isCancelled: () => boolean,
): Promise<Result> {
  let poll: ReturnType<typeof setInterval> | undefined;
  const cancelled = new Promise<never>((_resolve, reject) => {
    poll = setInterval(() => {
      if (isCancelled()) reject(new BtdtError("CANCELLED", "stopped before everything was read"));
    }, POLL_MS);
  });
  try {
    return await Promise.race([waiting, cancelled]);
  } finally {
    clearInterval(poll);
  }
}
