/** What is done to single files, with the results and error codes of `node:fs`, which is loaded only for failures. */
import { ptr } from "bun:ffi";
import { type ByteString, fsPath } from "../../base/byte-string.ts";
import { O_CLOEXEC } from "../file-constants.ts";
import { nodeFs } from "../node-fs.ts";
import { replaceWrite } from "../write-out.ts";
import { throwIfCertain } from "./last-error.ts";
import { AT_FDCWD, linuxLibc } from "./libc.ts";
import { pointerTo } from "./path-calls.ts";

/** @throws a `node:fs` error */
export function openFile(path: ByteString, flags: number, mode = 0o666): number {
  const descriptor = linuxLibc?.openat(AT_FDCWD, pointerTo(path), flags | O_CLOEXEC, mode) ?? -1;
  if (descriptor >= 0) return descriptor;
  throwIfCertain("open", path);
  return nodeFs().openSync(fsPath(path), flags, mode);
}

/** Returns the number of bytes read; 0 at the end. @throws a `node:fs` error */
export function pread(
  descriptor: number,
  into: Uint8Array,
  start: number,
  lengthBytes: number,
  offset: number,
): number {
  if (lengthBytes === 0) return 0;
  const count = linuxLibc?.pread(descriptor, ptr(into, start), lengthBytes, offset) ?? -1;
  if (count >= 0) return count;
  throwIfCertain("read");
  return nodeFs().readSync(descriptor, into, start, lengthBytes, offset);
}

/** Returns the number of bytes written, which may be fewer. @throws a `node:fs` error */
export function pwrite(
  descriptor: number,
  from: Uint8Array,
  start: number,
  lengthBytes: number,
  offset: number,
): number {
  if (lengthBytes === 0) return 0;
  const count = linuxLibc?.pwrite(descriptor, ptr(from, start), lengthBytes, offset) ?? -1;
  if (count >= 0) return count;
  throwIfCertain("write");
  return nodeFs().writeSync(descriptor, from, start, lengthBytes, offset);
}

/** Where the file is positioned, or at its end if it was opened for appending. Otherwise like `pwrite`. */
export function writeNext(descriptor: number, from: Uint8Array, start: number): number {
  const lengthBytes = from.length - start;
  if (lengthBytes === 0) return 0;
  const count = linuxLibc?.write(descriptor, ptr(from, start), lengthBytes) ?? -1;
  if (count >= 0) return count;
  throwIfCertain("write");
  return nodeFs().writeSync(descriptor, from, start);
}

replaceWrite(writeNext);
