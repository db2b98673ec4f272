import { type ArchiveEntry, EMPTY_BODY } from "../../src/archive/archive-entry.ts";
import type { ArchiveWriter, ByteSink } from "../../src/archive/archive-writer.ts";
import type { ByteString } from "../../src/base/byte-string.ts";

/** An archive entry along with its content. */
export interface HeldEntry extends Omit<ArchiveEntry, "body"> {
  readonly content: string;
}

/** An empty file, except for what is given. Names are byte strings. */
export function heldEntry(
  fields: Partial<Omit<HeldEntry, "path" | "target">> & { readonly path: string; readonly target?: string },
): HeldEntry {
  const content = fields.content ?? "";
  return {
    kind: "file",
    mode: 0o644,
    mtimeSeconds: 0,
    mtimeNanoseconds: 0,
    sizeBytes: content.length,
    content,
    ...fields,
    path: fields.path as ByteString,
    target: (fields.target ?? "") as ByteString,
  };
}

export async function writeEntries(
  open: (sink: ByteSink) => ArchiveWriter,
  entries: readonly HeldEntry[],
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const writer = open((bytes) => {
    parts.push(bytes.slice());
  });
  for (const { content, ...entry } of entries) {
    const bytes = Buffer.from(content, "latin1");
    await writer.add({ ...entry, body: bytes.length === 0 ? EMPTY_BODY : inPieces(bytes, 100) });
  }
  await writer.finish();
  return Buffer.concat(parts);
}

export async function holdEntries(entries: AsyncIterable<ArchiveEntry>): Promise<HeldEntry[]> {
  const held: HeldEntry[] = [];
  for await (const { body, ...entry } of entries) {
    const parts: Uint8Array[] = [];
    for await (const piece of body) parts.push(piece.slice());
    held.push({ ...entry, content: Buffer.concat(parts).toString("latin1") });
  }
  return held;
}

export async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array, void> {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    yield bytes.subarray(start, start + pieceBytes);
  }
}

/** The code of the error that something throws, or what it returns. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => "no error",
    (error: { code?: unknown }) => error.code ?? error,
  );
}

/** Flips one bit of a byte. */
export function flipByte(bytes: Uint8Array, index: number): Buffer {
  const flipped = Buffer.from(bytes);
  flipped[index] = (flipped[index] ?? 0) ^ (1 << (index % 8));
  return flipped;
}
