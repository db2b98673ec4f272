import { createInflateRaw, inflateRawSync } from "node:zlib";
import { errnoOf } from "../../fs/errno.ts";
import { damagedArchive, invalidArchive } from "../archive-errors.ts";
import type { ZipMember } from "./central-directory.ts";
import { skipLocalHeader } from "./local-header.ts";
import { readAt } from "./read-at.ts";

const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED_FLAG = 1;
const PIECE_BYTES = 64 * 1024;
/** Up to this size, a content is inflated in one call, which costs a tenth of a stream. */
const SMALL_BYTES = 1024 * 1024;

/**
 * The content of a member. Never returns more than its stated size; whether it is right is known at the end.
 * @throws BtdtError ARCHIVE_INVALID; a `node:fs` error
 */
export async function* readMember(descriptor: number, member: ZipMember): AsyncGenerator<Uint8Array, void> {
  const { flags, method, sizeBytes } = member;
  if ((flags & ENCRYPTED_FLAG) !== 0) throw invalidArchive("the archive is encrypted");
  let checksum = 0;
  let doneBytes = 0;
  for await (const piece of inflate(method, descriptor, member)) {
    doneBytes += piece.length;
    if (doneBytes > sizeBytes) throw tooLarge();
    checksum = Bun.hash.crc32(piece, checksum);
    yield piece;
  }
  if (doneBytes !== sizeBytes || checksum !== member.checksum)
    throw damagedArchive("a file does not match its checksum or size");
}

function inflate(
  method: number,
  descriptor: number,
  member: ZipMember,
): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  switch (method) {
    case STORED:
      return readStored(descriptor, member);
    case DEFLATED:
      return member.storedBytes <= SMALL_BYTES && member.sizeBytes <= SMALL_BYTES
        ? inflateSmall(descriptor, member)
        : inflateLarge(descriptor, member);
    default:
      throw invalidArchive(
        `the archive uses compression method ${method}, which btdt does not support`,
        "make it a tar or tar.gz",
      );
  }
}

function* readStored(descriptor: number, member: ZipMember): Generator<Uint8Array, void> {
  const start = skipLocalHeader(descriptor, member);
  for (let done = 0; done < member.storedBytes; done += PIECE_BYTES) {
    yield readAt(descriptor, start + done, Math.min(PIECE_BYTES, member.storedBytes - done));
  }
}

function* inflateSmall(descriptor: number, member: ZipMember): Generator<Uint8Array, void> {
  const stored = readAt(descriptor, skipLocalHeader(descriptor, member), member.storedBytes);
  try {
    yield inflateRawSync(stored, { maxOutputLength: Math.max(1, member.sizeBytes) });
  } catch (error) {
    throw inflateError(error);
  }
}

async function* inflateLarge(descriptor: number, member: ZipMember): AsyncGenerator<Uint8Array, void> {
  const inflater = createInflateRaw();
  const feeding = (async () => {
    for (const piece of readStored(descriptor, member)) {
      await new Promise<void>((resolve, reject) => {
        inflater.write(piece, (error) => (error ? reject(error) : resolve()));
      });
    }
    inflater.end();
  })();
  let failure: unknown;
  feeding.catch((error: unknown) => {
    failure = error;
    inflater.destroy(new Error("nothing left to inflate"));
  });
  try {
    yield* inflater;
  } catch (error) {
    throw failure ?? inflateError(error);
  } finally {
    inflater.destroy();
  }
  await feeding;
}

function inflateError(error: unknown): unknown {
  const code = errnoOf(error);
  if (code === "ERR_BUFFER_TOO_LARGE") return tooLarge();
  return code?.startsWith("Z_") === true ? damagedArchive("a file does not decompress") : error;
}

function tooLarge() {
  return damagedArchive("a file is larger than it states");
}
