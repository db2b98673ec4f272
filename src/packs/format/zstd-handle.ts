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

/** Processes whole frames, each in one step, with memory that is used again for the next one. */
export interface ZstdProcessor {
  readonly handle: ZstdHandle;
  /** How much is left of the output, and of the input. */
  readonly state: Uint32Array;
}

/** @param stream of `node:zlib`, for zstd; undefined if it is not built as expected */
export function openZstdHandle(stream: object): ZstdProcessor | undefined {
  const handle = "_handle" in stream ? stream._handle : undefined;
  const state = "_writeState" in stream ? stream._writeState : undefined;
  if (!isHandle(handle) || !(state instanceof Uint32Array)) return undefined;
  // What is left to do reveals an error.
  Object.assign(handle, { onerror: () => undefined });
  return { handle, state };
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
