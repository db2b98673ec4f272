import { truncatedArchive } from "../archive-errors.ts";

const NOTHING = new Uint8Array(0);

/** Splits a stream of bytes where its reader wants. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  /** Read from the stream, but not yet consumed. */
  #rest: Uint8Array = NOTHING;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /**
   * Exactly this many bytes; undefined at the end of the stream.
   * @throws BtdtError ARCHIVE_INVALID if it ends within them
   */
  async read(lengthBytes: number): Promise<Uint8Array | undefined> {
    if (this.#rest.length >= lengthBytes) return this.#take(lengthBytes);
    const bytes = new Uint8Array(lengthBytes);
    for (let done = 0; done < lengthBytes; ) {
      const piece = await this.readSome(lengthBytes - done);
      if (piece === undefined && done === 0) return undefined;
      if (piece === undefined) throw truncatedArchive();
      bytes.set(piece, done);
      done += piece.length;
    }
    return bytes;
  }

  /** At least one byte, and at most this many; undefined at the end of the stream. */
  async readSome(mostBytes: number): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) return undefined;
      this.#rest = next.value;
    }
    return this.#take(mostBytes);
  }

  #take(mostBytes: number): Uint8Array {
    const taken = this.#rest.subarray(0, mostBytes);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }
}
