import { createZstdDecompress } from "node:zlib";
import { errnoOf } from "../../fs/errno.ts";
import { damagedArchive, invalidArchive, truncatedArchive } from "../archive-errors.ts";
import { FrameWalker } from "./frame-walker.ts";

const OUTPUT_BYTES = 256 * 1024;

/**
 * Decompresses zstd with one or more frames, and checks their checksums. What it keeps in memory is the window, at most
 * 128 MiB.
 * @throws BtdtError ARCHIVE_INVALID, and what the compressed stream throws
 */
export async function* unzstd(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const inflater = createZstdDecompress({ chunkSize: OUTPUT_BYTES });
  const walker = new FrameWalker();
  let failure: unknown;
  const feed = async (): Promise<void> => {
    try {
      for await (const piece of compressed) {
        walker.follow(piece);
        await new Promise<void>((resolve, reject) => {
          inflater.write(piece, (error) => (error ? reject(zstdError(error)) : resolve()));
        });
      }
      inflater.end();
    } catch (error) {
      failure = error;
      // Ends the loop below, which then reports the failure.
      inflater.destroy(new Error("nothing left to inflate"));
    }
  };
  const feeding = feed();
  try {
    yield* inflater;
  } catch (error) {
    throw failure ?? zstdError(error);
  } finally {
    inflater.destroy();
  }
  await feeding;
  if (failure !== undefined) throw failure;
  if (!walker.isBetweenFrames) throw truncatedArchive();
}

function zstdError(error: unknown): unknown {
  const code = errnoOf(error);
  if (code === "ZSTD_error_frameParameter_windowTooLarge") {
    return invalidArchive(
      "the archive needs more than 128 MiB of memory to be decompressed",
      "decompress it through a pipe: zstd -dc --long=31 FILE | btdt import … -",
    );
  }
  return code?.startsWith("ZSTD_") === true ? damagedArchive("it does not decompress") : error;
}
