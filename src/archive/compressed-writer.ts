import { constants, createGzip, createZstdCompress } from "node:zlib";
import type { ArchiveEntry } from "./archive-entry.ts";
import type { ArchiveWriter, ByteSink } from "./archive-writer.ts";

const GZIP_LEVEL = 6;
const ZSTD_LEVEL = 3;

/** Compresses the output of another writer. Headers contain no time, so equal entries produce equal archives. */
export class CompressedWriter implements ArchiveWriter {
  readonly #compressor: ReturnType<typeof openCompressor>;
  readonly #inner: ArchiveWriter;
  readonly #draining: Promise<void>;
  #failure: unknown;

  constructor(codec: "gzip" | "zstd", sink: ByteSink, makeInner: (sink: ByteSink) => ArchiveWriter) {
    this.#compressor = openCompressor(codec);
    this.#draining = this.#drain(sink);
    // Awaited at the end; until then, a failure must not count as unhandled.
    this.#draining.catch(() => undefined);
    this.#inner = makeInner((bytes) => this.#write(bytes));
  }

  async add(entry: ArchiveEntry): Promise<void> {
    await this.#inner.add(entry);
  }

  async finish(): Promise<void> {
    await this.#inner.finish();
    this.#compressor.end();
    await this.#draining;
  }

  async #drain(sink: ByteSink): Promise<void> {
    try {
      for await (const bytes of this.#compressor) await sink(bytes);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /** Returns when the bytes are compressed; until then, they must not change. */
  async #write(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#compressor.write(bytes, (error) => (error ? reject(this.#failure ?? error) : resolve()));
    });
  }
}

function openCompressor(codec: "gzip" | "zstd") {
  switch (codec) {
    case "gzip":
      return createGzip({ level: GZIP_LEVEL });
    case "zstd": {
      const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag } = constants;
      return createZstdCompress({
        params: { [ZSTD_c_compressionLevel]: ZSTD_LEVEL, [ZSTD_c_checksumFlag]: 1 },
      });
    }
  }
}
