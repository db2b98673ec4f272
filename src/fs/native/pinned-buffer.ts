import { type Pointer, ptr } from "bun:ffi";

/** Memory with a known address, for direct system calls. It lives as long as this object. */
export class PinnedBuffer {
  readonly bytes: Uint8Array;
  readonly #pointer: Pointer;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#pointer = ptr(bytes);
  }

  pointerAt(offset: number): Pointer {
    return (this.#pointer + offset) as Pointer;
  }
}
