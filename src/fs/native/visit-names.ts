import { dlopen, type Pointer } from "bun:ffi";
import { compileLightly } from "../../base/compile-lightly.ts";
import { IS_LINUX } from "./is-linux.ts";
import { PinnedBuffer } from "./pinned-buffer.ts";

/** Of a name: where it starts in `bytes`, up to a NUL, and where that is in memory. Valid until the visitor returns. */
export type VisitName = (bytes: Uint8Array, start: number, pointer: Pointer) => void;

/** Enough for about a thousand objects. */
const BUFFER_BYTES = 128 * 1024;
// `struct linux_dirent64` of getdents64(2).
const RECORD_SIZE = 16;
const NAME = 19;
const DOT = 0x2e;

/** Since glibc 2.30; an earlier one, and other systems, do without. */
function openGetdents() {
  if (!IS_LINUX) return undefined;
  try {
    // The result fits into 32 bits, like the size of the buffer.
    const signature = { args: ["i32", "ptr", "u64"], returns: "i32" } as const;
    return dlopen("libc.so.6", { getdents64: signature }).symbols.getdents64;
  } catch {
    return undefined;
  }
}

let loaded: { readonly getdents: ReturnType<typeof openGetdents>; readonly buffer: PinnedBuffer } | undefined;

/**
 * Visits the names in an open directory, except `.` and `..`, as the kernel returns them: a string for each of a
 * million names costs more than everything else that is done with them.
 * @returns false if the directory cannot be read, or not in this way; then some names may have been visited
 */
export function visitNames(descriptor: number, visit: VisitName): boolean {
  loaded ??= { getdents: openGetdents(), buffer: new PinnedBuffer(Buffer.allocUnsafeSlow(BUFFER_BYTES)) };
  const { getdents, buffer } = loaded;
  if (getdents === undefined) return false;
  for (;;) {
    const sizeBytes = getdents(descriptor, buffer.pointerAt(0), BUFFER_BYTES);
    if (sizeBytes <= 0) return sizeBytes === 0;
    visitRecords(buffer, sizeBytes, visit);
  }
}

function visitRecords(buffer: PinnedBuffer, sizeBytes: number, visit: VisitName): void {
  const { bytes } = buffer;
  let record = 0;
  while (record < sizeBytes) {
    const name = record + NAME;
    const isDots =
      bytes[name] === DOT && (bytes[name + 1] === 0 || (bytes[name + 1] === DOT && bytes[name + 2] === 0));
    if (!isDots) visit(bytes, name, buffer.pointerAt(name));
    record += (bytes[record + RECORD_SIZE] ?? 0) | ((bytes[record + RECORD_SIZE + 1] ?? 0) << 8);
  }
}

compileLightly(visitRecords);
