import { type ByteString, bytesFromBuffer, bytesFromText, textFromBytes } from "../base/byte-string.ts";

/** The paths of one family that are edited in place; see `docs/format.md`. */
export interface EditedPaths {
  /** Empty for trees without one. */
  readonly recordedPath: string;
  /** When an entry with each path was last seen, in milliseconds by the clock of the cache's file system. */
  readonly seenMs: ReadonlyMap<ByteString, number>;
}

const HEADER = "btdt edited paths 1\n";
const RECORD = /^(0|[1-9]\d{0,15}) ([^]*)$/;

/** The newest are kept: to forget a path costs one miss. */
const MOST_PATHS = 4096;
/** The kernel's limit for a path. */
const MOST_PATH_BYTES = 4096;
/** A larger file is not one of these. */
export const MOST_EDITED_PATHS_BYTES = 1024 * 1024;

/** The name of a family's file. */
export function familyFileName(recordedPath: string): string {
  return `family-${new Bun.SHA256().update(recordedPath).digest("hex").slice(0, 32)}`;
}

export function encodeEditedPaths({ recordedPath, seenMs }: EditedPaths): Uint8Array {
  const newestFirst = [...seenMs].toSorted(([, left], [, right]) => right - left);
  let text = `${HEADER}${bytesFromText(recordedPath)}\0`;
  for (const [path, seen] of newestFirst.slice(0, MOST_PATHS)) {
    const record = `${Math.max(0, Math.round(seen))} ${path}\0`;
    if (text.length + record.length > MOST_EDITED_PATHS_BYTES) break;
    text += record;
  }
  return Buffer.from(text, "latin1");
}

/** Undefined unless the file is what this version writes under this name. */
export function decodeEditedPaths(file: Uint8Array, name: string): EditedPaths | undefined {
  const bytes = bytesFromBuffer(file);
  if (!bytes.startsWith(HEADER) || !bytes.endsWith("\0")) return undefined;
  const [first = "", ...records] = bytes.slice(HEADER.length, -1).split("\0");
  const recordedPath = textFromBytes(first as ByteString);
  if (familyFileName(recordedPath) !== name || records.length > MOST_PATHS) return undefined;
  const seenMs = new Map<ByteString, number>();
  for (const record of records) {
    const [, seen, path] = RECORD.exec(record) ?? [];
    if (seen === undefined || path === undefined || path.length >= MOST_PATH_BYTES) return undefined;
    seenMs.set(path as ByteString, Number(seen));
  }
  return { recordedPath, seenMs };
}
