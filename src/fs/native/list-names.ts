import { type ByteString, bytesFromBuffer, bytesFromText, fsPath } from "../../base/byte-string.ts";
import { constants } from "../file-constants.ts";
import { nodeFs } from "../node-fs.ts";
import { openFile } from "./descriptor-calls.ts";
import { closeQuickly } from "./quick-file.ts";
import { type VisitName, visitNames } from "./visit-names.ts";

// `d_type` of `struct linux_dirent64`, the byte before the name.
const DT_DIR = 4;
const DT_REG = 8;

export interface DirectoryEntry {
  readonly name: ByteString;
  /** Some file systems do not tell kinds in listings: then it is false. */
  readonly isPlain: boolean;
}

/**
 * The names in a directory, without `.` and `..`, in no order. Follows symlinks.
 * @throws a `node:fs` error
 */
export function listNames(directory: ByteString): ByteString[] {
  const names: ByteString[] = [];
  const isListed = tryList(directory, (bytes, start) => {
    names.push(nameAt(bytes, start));
  });
  if (isListed) return names;
  const listed = nodeFs().readdirSync(fsPath(directory), { encoding: "buffer" });
  return listed.map((name) => bytesFromBuffer(name));
}

/** The same, and which of them are files or directories. @throws a `node:fs` error */
export function listPlainNames(directory: ByteString): DirectoryEntry[] {
  const listed: DirectoryEntry[] = [];
  const isListed = tryList(directory, (bytes, start) => {
    const kind = bytes[start - 1];
    listed.push({ name: nameAt(bytes, start), isPlain: kind === DT_DIR || kind === DT_REG });
  });
  if (isListed) return listed;
  const entries = nodeFs().readdirSync(fsPath(directory), { withFileTypes: true });
  return entries.map((entry) => {
    return { name: bytesFromText(entry.name), isPlain: entry.isDirectory() || entry.isFile() };
  });
}

/** False if `node:fs` must list it: it knows another way, or why there is none. */
function tryList(directory: ByteString, visit: VisitName): boolean {
  const descriptor = openFile(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return visitNames(descriptor, visit);
  } finally {
    closeQuickly(descriptor);
  }
}

function nameAt(bytes: Uint8Array, start: number): ByteString {
  return bytesFromBuffer(bytes, start, bytes.indexOf(0, start));
}
