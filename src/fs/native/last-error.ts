import { dlopen, type Pointer, read } from "bun:ffi";
import type * as os from "node:os";
import { type ByteString, display, textFromBytes } from "../../base/byte-string.ts";
import { linuxLibc } from "./libc.ts";

/** What a failed call reports if its `errno` is unknown. */
const UNKNOWN = "EIO";

/**
 * The error of a failed system call that was made through FFI, in the form of a `node:fs` error. Call it at once: the
 * runtime makes system calls of its own, and one that fails in between would change the result. For calls that cannot
 * be repeated through `node:fs` (`close`), or are less exact there (`utimensat`).
 */
export function lastError(call: string, path?: ByteString): Error & { readonly code: string } {
  return errorOf(lastErrno(), call, path, undefined);
}

function errorOf(
  number: number,
  call: string,
  path: ByteString | undefined,
  to: ByteString | undefined,
): ReturnType<typeof lastError> {
  // Many commands look for what is not there.
  const code = number === ENOENT ? "ENOENT" : (codes().get(number) ?? UNKNOWN);
  const where = path === undefined ? "" : ` '${display(path)}'`;
  return Object.assign(new Error(`${code}: ${call}${where}`), {
    code,
    syscall: call,
    ...(path === undefined ? {} : { path: textFromBytes(path) }),
    ...(to === undefined ? {} : { dest: textFromBytes(to) }),
  });
}

let codeOfNumber: ReadonlyMap<number, string> | undefined;

function codes(): ReadonlyMap<number, string> {
  codeOfNumber ??= new Map(Object.entries(loadNumbers()).map(([code, number]) => [number, code]));
  return codeOfNumber;
}

/** Loaded when a call has failed: few processes need it. */
function loadNumbers(): Readonly<Record<string, number>> {
  return (require("node:os") as typeof os).constants.errno;
}

/** The same on all systems. */
const ENOENT = 2;

/**
 * On Linux, what `errno` may be although the call has failed for another reason: 0; EINTR, EAGAIN, ETIMEDOUT and ENOMEM,
 * since the engine stops threads by signals, waits for them and takes memory; EFAULT, as which an impossible path fails.
 */
const UNCERTAIN: ReadonlySet<number> = new Set([0, 4, 11, 12, 14, 110]);

/**
 * Linux: throws the error of a call that failed just now, unless it is uncertain which. Then the call is to be repeated
 * through `node:fs`. Repeating each would hide an error that occurs once, and cost another round trip on a network file
 * system.
 */
export function throwIfCertain(call: string, path?: ByteString, to?: ByteString): void {
  if (linuxLibc === undefined) return;
  const number = lastErrno();
  if (!UNCERTAIN.has(number)) throw errorOf(number, call, path, to);
}

/** On Linux: EPERM, EXDEV, EINVAL, ENOTTY, ENOSYS and EOPNOTSUPP. */
const UNSUPPORTED: ReadonlySet<number> = new Set([1, 18, 22, 25, 38, 95]);

/**
 * Whether the call that failed just now found no such file. To be asked at once, like `lastError`.
 */
export function hasFoundNothing(): boolean {
  return lastErrno() === ENOENT;
}

/** Linux: whether what failed just now cannot be done with these files. To be asked at once as well. */
export function hasNotBeenSupported(): boolean {
  return UNSUPPORTED.has(lastErrno());
}

let location: (() => Pointer | bigint | null) | undefined;

function lastErrno(): number {
  location ??= errnoLocation();
  const pointer = location();
  return typeof pointer === "number" ? read.i32(pointer, 0) : 0;
}

/** On Linux, it is opened with the others: opening it after a call has failed could change what it says. */
function errnoLocation(): () => Pointer | bigint | null {
  return (
    linuxLibc?.__errno_location ??
    dlopen("libSystem.B.dylib", { __error: { args: [], returns: "ptr" } }).symbols.__error
  );
}
