import { createGunzip } from "node:zlib";
import { errnoOf } from "../../fs/errno.ts";
import { damagedArchive, truncatedArchive } from "../archive-errors.ts";

const OUTPUT_BYTES = 256 * 1024;

/**
 * Decompresses gzip with one or more members, and checks their checksums and lengths. Zeros may follow the last
 * member, as on tapes; anything else is rejected, as by GNU tar: it may be a damaged member.
 * @throws BtdtError ARCHIVE_INVALID, and what the compressed stream throws
 */
export async function* gunzip(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const inflater = createGunzip({ chunkSize: OUTPUT_BYTES });
  const feeder = new Feeder(compressed);
  const feeding = feeder.feed(inflater);
  // Ends the loop below, which then reports the failure.
  feeding.catch(() => inflater.destroy(new Error("nothing left to inflate")));
  try {
    yield* inflater;
  } catch (error) {
    throw feeder.failure ?? gunzipError(error);
  } finally {
    inflater.destroy();
  }
  await feeding;
  await feeder.assertOnlyZerosAfter(inflater.bytesWritten);
}

type Inflater = ReturnType<typeof createGunzip>;

class Feeder {
  readonly #pieces: AsyncIterator<Uint8Array>;
  /** What the inflater may not have consumed, and its offset. */
  #last: Uint8Array = new Uint8Array(0);
  #lastStart = 0;
  /** Of the compressed stream. */
  failure: unknown;

  constructor(compressed: AsyncIterable<Uint8Array>) {
    this.#pieces = compressed[Symbol.asyncIterator]();
  }

  async feed(inflater: Inflater): Promise<void> {
    for (;;) {
      const piece = await this.#next();
      if (piece === undefined) break;
      await new Promise<void>((resolve, reject) => {
        inflater.write(piece, (error) => (error ? reject(error) : resolve()));
      });
      // It has found the end; what follows is not part of it.
      if (inflater.bytesWritten < this.#lastStart + piece.length) break;
    }
    inflater.end();
  }

  async assertOnlyZerosAfter(endBytes: number): Promise<void> {
    let rest: Uint8Array | undefined = this.#last.subarray(Math.max(0, endBytes - this.#lastStart));
    for (; rest !== undefined; rest = await this.#next()) {
      if (rest.some((byte) => byte !== 0)) throw damagedArchive("it is followed by other data");
    }
  }

  async #next(): Promise<Uint8Array | undefined> {
    try {
      const { value, done } = await this.#pieces.next();
      if (done === true) return undefined;
      this.#lastStart += this.#last.length;
      this.#last = value;
      return value;
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}

function gunzipError(error: unknown): unknown {
  const code = errnoOf(error);
  if (code === "Z_BUF_ERROR") return truncatedArchive();
  return code?.startsWith("Z_") === true ? damagedArchive("it does not decompress") : error;
}
