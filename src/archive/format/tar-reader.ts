import { createTarDecoder, type ParsedTarEntry } from "modern-tar";
import { type ByteString, bytesFromText } from "../../base/byte-string.ts";
import { isBtdtError } from "../../base/errors.ts";
import { errnoOf } from "../../fs/errno.ts";
import type { ArchiveEntry } from "./archive-entry.ts";
import { invalid } from "./archive-text.ts";

const KINDS: Readonly<Record<string, ArchiveEntry["kind"]>> = {
  file: "file",
  directory: "directory",
  symlink: "symlink",
  link: "hardlink",
};

/** @throws BtdtError ARCHIVE_INVALID */
export async function* readTar(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<ArchiveEntry, void> {
  const iterator = pieces[Symbol.asyncIterator]();
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value as Uint8Array<ArrayBuffer>);
    },
  });
  try {
    for await (const parsed of source.pipeThrough(createTarDecoder({ strict: true }))) {
      yield entryOf(parsed);
    }
  } catch (error) {
    throw archiveError(error);
  }
}

/** What the library says is about the archive. */
function archiveError(error: unknown): unknown {
  if (isBtdtError(error) || errnoOf(error) !== undefined || !(error instanceof Error)) return error;
  return invalid(`the archive is not a tar, tar.gz or zip file, or is damaged: ${error.message}`);
}

async function* contentOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body;
  } catch (error) {
    throw archiveError(error);
  }
}

function entryOf({ header, body }: ParsedTarEntry): ArchiveEntry {
  const kind = KINDS[header.type ?? "file"];
  if (kind === undefined)
    throw invalid(`the archive has a ${header.type} in it, which a cache does not keep`);
  const [mtimeSeconds, mtimeNanoseconds] = timeOf(header.pax?.["mtime"], header.mtime);
  return {
    path: bytesFromText(header.name.replace(/\/+$/, "")),
    kind,
    mode: (header.mode ?? (kind === "directory" ? 0o755 : 0o644)) & 0o7777,
    mtimeSeconds,
    mtimeNanoseconds,
    sizeBytes: kind === "file" ? header.size : 0,
    target: bytesFromText(header.linkname ?? "") satisfies ByteString,
    body: contentOf(body),
  };
}

function timeOf(pax: string | undefined, date: Date | undefined): [number, number] {
  const [, sign, seconds, fraction] = /^(-?)(\d{1,15})(?:\.(\d+))?$/.exec(pax ?? "") ?? [];
  if (seconds === undefined) return [Math.floor((date?.getTime() ?? 0) / 1000), 0];
  const nanoseconds = Number((fraction ?? "").slice(0, 9).padEnd(9, "0"));
  if (sign !== "-") return [Number(seconds), nanoseconds];
  return nanoseconds === 0 ? [-Number(seconds), 0] : [-Number(seconds) - 1, 1e9 - nanoseconds];
}
