import { createGzip } from "node:zlib";
import type { ArchiveEntry } from "../archive-entry.ts";
import type { ArchiveWriter, ByteSink } from "../archive-writer.ts";

const LEVEL = 6;

/** Compresses the output of another writer. The header contains no time, so equal entries produce equal archives. */
export class GzipWriter implements ArchiveWriter {
  readonly #gzip = createGzip({ level: LEVEL });
  readonly #inner: ArchiveWriter;
  readonly #draining: Promise<void>;
  #failure: unknown;

  constructor(sink: ByteSink, makeInner: (sink: ByteSink) => ArchiveWriter) {
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
    this.#gzip.end();
    await this.#draining;
  }

  async #drain(sink: ByteSink): Promise<void> {
    try {
      for await (const bytes of this.#gzip) await sink(bytes);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  /** Returns when the bytes are compressed; until then, they must not change. */
  async #write(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#gzip.write(bytes, (error) => (error ? reject(this.#failure ?? error) : resolve()));
    });
  }
}
