import { Gzip } from "fflate";
import type { ArchiveEntry, ArchiveWriter, ByteSink } from "./archive-entry.ts";

const LEVEL = 6;

/** Compresses what another writer makes. */
export class GzipWriter implements ArchiveWriter {
  readonly #gzip: Gzip;
  readonly #inner: ArchiveWriter;

  constructor(sink: ByteSink, inner: (sink: ByteSink) => ArchiveWriter) {
    this.#gzip = new Gzip({ level: LEVEL, mtime: 0 }, (bytes) => sink(bytes));
    this.#inner = inner((bytes) => this.#gzip.push(bytes));
  }

  async add(entry: ArchiveEntry): Promise<void> {
    await this.#inner.add(entry);
  }

  async finish(): Promise<void> {
    await this.#inner.finish();
    this.#gzip.push(new Uint8Array(0), true);
  }
}
