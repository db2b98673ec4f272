import { loadZlib } from "../../base/load-zlib.ts";

/**
 * What the streams of `node:zlib` are built on; it writes into existing memory. It is undocumented, so it may be
 * missing.
 */
interface ZstdHandle {
  reset(): void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputBytes: number,
    output: Uint8Array,
    outputOffset: number,
    outputBytes: number,
  ): void;
}

interface Inflater {
  readonly handle: ZstdHandle;
  /** How much is left of the output, and of the input. */
  readonly state: Uint32Array;
  readonly flushToEnd: number;
}

let inflater: Inflater | null | undefined;
let output: Uint8Array = new Uint8Array(0);

/**
 * Inflates one zstd frame to at most `contentBytes`. With fresh memory, half of the time would go into page faults,
 * so memory is reused if possible: the result is valid until the next call.
 * @throws if it is not a frame, or inflates to more
 */
export function inflateZstd(stored: Uint8Array, contentBytes: number): Uint8Array {
  if (inflater === undefined) inflater = openInflater();
  if (inflater !== null) {
    // With one byte more, which detects a frame that continues after its stated end.
    if (output.length <= contentBytes) output = new Uint8Array(contentBytes + 1);
    const { handle, state, flushToEnd } = inflater;
    handle.reset();
    handle.writeSync(flushToEnd, stored, 0, stored.length, output, 0, contentBytes + 1);
    const [roomBytes, restBytes] = state;
    if (roomBytes === 1 && restBytes === 0) return output.subarray(0, contentBytes);
  }
  // The slow way tells what is wrong, if anything is.
  return loadZlib().zstdDecompressSync(stored, { maxOutputLength: contentBytes, chunkSize: contentBytes });
}

function openInflater(): Inflater | null {
  const { createZstdDecompress, constants } = loadZlib();
  const stream: object = createZstdDecompress({ chunkSize: 64 });
  const handle = "_handle" in stream ? stream._handle : undefined;
  const state = "_writeState" in stream ? stream._writeState : undefined;
  if (!isHandle(handle) || !(state instanceof Uint32Array)) return null;
  // What is left to do reveals an error.
  Object.assign(handle, { onerror: () => undefined });
  return { handle, state, flushToEnd: constants.ZSTD_e_end };
}

function isHandle(handle: unknown): handle is ZstdHandle {
  return (
    typeof handle === "object" &&
    handle !== null &&
    "reset" in handle &&
    typeof handle.reset === "function" &&
    "writeSync" in handle &&
    typeof handle.writeSync === "function"
  );
}
