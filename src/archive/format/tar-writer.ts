import { createTarPacker } from "modern-tar";
import { textFromBytes } from "../../base/byte-string.ts";
import type { ArchiveEntry, ArchiveWriter, ByteSink } from "./archive-entry.ts";
import { assertUtf8 } from "./archive-text.ts";

/** What may wait between the library and the sink. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;

/** POSIX tar (pax): long names, large files and nanoseconds are kept. */
export class TarWriter implements ArchiveWriter {
  readonly #packer = createTarPacker();
  readonly #draining: Promise<void>;
  #waitingBytes = 0;

  constructor(sink: ByteSink) {
    this.#draining = this.#drain(sink);
    // Awaited at the end; until then a failure must not count as unhandled.
    this.#draining.catch(() => undefined);
  }

  async add(entry: ArchiveEntry): Promise<void> {
    assertUtf8(entry.path, entry.target);
    const path = textFromBytes(entry.path) || ".";
    const isWhole = entry.mtimeNanoseconds === 0 && entry.mtimeSeconds >= 0;
    const stream = this.#packer.controller.add({
      name: entry.kind === "directory" ? `${path}/` : path,
      type: entry.kind === "hardlink" ? "link" : entry.kind,
      size: entry.kind === "file" ? entry.sizeBytes : 0,
      mode: entry.mode,
      mtime: new Date(Math.max(0, entry.mtimeSeconds) * 1000),
      uid: 0,
      gid: 0,
      ...(entry.kind === "symlink" ? { linkname: textFromBytes(entry.target) } : {}),
      ...(isWhole ? {} : { pax: { mtime: paxTime(entry) } }),
    });
    const writer = stream.getWriter();
    for await (const piece of entry.body) {
      this.#waitingBytes += piece.length;
      // The library hands its pieces on as they are, and the next one may come in the same memory.
      await writer.write(piece.slice());
      while (this.#waitingBytes > MOST_WAITING_BYTES) await this.#pause();
    }
    await writer.close();
    if (this.#waitingBytes > MOST_WAITING_BYTES / 2) await this.#pause();
  }

  async finish(): Promise<void> {
    this.#packer.controller.finalize();
    await this.#draining;
  }

  async #drain(sink: ByteSink): Promise<void> {
    for await (const bytes of this.#packer.readable) {
      sink(bytes);
      this.#waitingBytes = Math.max(0, this.#waitingBytes - bytes.length);
    }
  }

  /** Lets what waits be written; a sink that fails must not be waited for. */
  async #pause(): Promise<void> {
    await Promise.race([this.#draining, new Promise<void>((resolve) => setImmediate(resolve))]);
  }
}

/** As pax wants it, with a fraction; times before 1970 count backwards. */
function paxTime({ mtimeSeconds, mtimeNanoseconds }: ArchiveEntry): string {
  if (mtimeSeconds >= 0 || mtimeNanoseconds === 0) {
    return `${mtimeSeconds}.${String(mtimeNanoseconds).padStart(9, "0")}`;
  }
  const whole = -mtimeSeconds - 1;
  return `-${whole}.${String(1e9 - mtimeNanoseconds).padStart(9, "0")}`;
}
