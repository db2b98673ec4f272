import type { Elf, Processor } from "./elf.ts";
import { LIBRARY_HEAD_SIZE } from "./launcher.ts";
import {
  EXECUTABLE,
  PROGRAM_HEADER_SIZE,
  type ProgramHeader,
  SEGMENT_LOAD,
  SEGMENT_NOTE,
} from "./program-headers.ts";

/**
 * ld.so maps libraries from files that it opens by name, and has no other way to get them. So that the embedded ones
 * need not be copied to files first, its one call of mmap is replaced by a jump to the launcher, which makes the call
 * with the executable as the file.
 */

type Code = {
  /** Loads the number of mmap, calls the kernel, compares the result: that sets all flags. No glibc has this twice. */
  readonly call: Buffer;
  /** Of `call`, the instruction that is replaced, and the one where ld.so goes on. */
  readonly jumpOffset: number;
  readonly returnOffset: number;
  /** Encodes a jump over a distance from its own start. */
  readonly jump: (distance: number) => Buffer;
};

const CODE: Readonly<Record<Processor, Code>> = {
  "x86-64": {
    // mov $9, %eax; syscall; cmp $-4096, %rax
    call: Buffer.from("b8090000000f05483d00f0ffff", "hex"),
    jumpOffset: 0,
    returnOffset: 7,
    jump: (distance) => {
      const bytes = Buffer.from([0xe9, 0, 0, 0, 0]);
      bytes.writeInt32LE(distance - bytes.length, 1);
      return bytes;
    },
  },
  aarch64: {
    // mov x8, #222; svc #0; cmn x0, #4096
    call: Buffer.from("c81b80d2010000d41f0440b1", "hex"),
    jumpOffset: 4,
    returnOffset: 8,
    jump: (distance) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(0x1400_0000 + ((distance / 4) & 0x3ff_ffff));
      return bytes;
    },
  },
};

/** In a loader. */
export type MapCall = {
  /** Where in the file, and where in memory from the loader's start, the jump is to be. */
  readonly jumpOffset: number;
  readonly jumpAddress: number;
  /** Where the loader goes on. */
  readonly returnAddress: number;
};

/** Undefined if the loader maps files in another way, or in several places: then libraries have to be copied. */
export function findMapCall({ file, processor, programHeaders }: Elf): MapCall | undefined {
  const { call, jumpOffset, returnOffset } = CODE[processor];
  const bytes = Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength);
  const offset = bytes.indexOf(call);
  if (offset < 0 || bytes.includes(call, offset + 1)) return undefined;
  const segment = programHeaders.find((header) => isCode(header) && contains(header, offset, call.length));
  if (segment === undefined) return undefined;
  const address = segment.address + (offset - segment.fileOffset);
  return {
    jumpOffset: offset + jumpOffset,
    jumpAddress: address + jumpOffset,
    returnAddress: address + returnOffset,
  };
}

const isCode = ({ type, flags }: ProgramHeader): boolean =>
  type === SEGMENT_LOAD && (flags & EXECUTABLE) !== 0;

const contains = ({ fileOffset, fileSizeBytes }: ProgramHeader, offset: number, sizeBytes: number): boolean =>
  offset >= fileOffset && offset + sizeBytes <= fileOffset + fileSizeBytes;

/** @param from where the jump is in memory */
export function encodeJump(processor: Processor, from: number, to: number): Uint8Array {
  return CODE[processor].jump(to - from);
}

/** Whether what ld.so reads of a library, its headers and notes, is in its head. */
export function hasCompleteHead({ file, programHeaders, programHeadersOffset }: Elf): boolean {
  const ends = programHeaders
    .filter(({ type }) => type === SEGMENT_NOTE)
    .map(({ fileOffset, fileSizeBytes }) => fileOffset + fileSizeBytes);
  const headersEnd = programHeadersOffset + programHeaders.length * PROGRAM_HEADER_SIZE;
  return file.bytes.length >= LIBRARY_HEAD_SIZE && Math.max(headersEnd, ...ends) <= LIBRARY_HEAD_SIZE;
}
