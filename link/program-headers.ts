import type { ElfFile } from "./elf-file.ts";

export const SEGMENT_LOAD = 1;
export const SEGMENT_DYNAMIC = 2;
export const SEGMENT_INTERPRETER = 3;
export const SEGMENT_NOTE = 4;
export const SEGMENT_PROGRAM_HEADERS = 6;
export const SEGMENT_TLS = 7;
export const SEGMENT_GNU_STACK = 0x6474e551;

export const EXECUTABLE = 1;
export const WRITABLE = 2;
export const READABLE = 4;

export const PROGRAM_HEADER_SIZE = 56;

/** A segment: what the kernel or the dynamic loader maps or reads. */
export type ProgramHeader = {
  readonly type: number;
  readonly flags: number;
  readonly fileOffset: number;
  readonly address: number;
  readonly fileSizeBytes: number;
  readonly memorySizeBytes: number;
  readonly alignment: number;
};

/** Whether the whole address range is loaded from the file. */
export function holds(header: ProgramHeader, address: number, sizeBytes: number): boolean {
  return (
    header.type === SEGMENT_LOAD &&
    address >= header.address &&
    address + sizeBytes <= header.address + header.fileSizeBytes
  );
}

export function readProgramHeaders(file: ElfFile, tableOffset: number, count: number): ProgramHeader[] {
  file.require(
    file.half(54, "the program header size") === PROGRAM_HEADER_SIZE,
    "program headers of 56 bytes",
  );
  file.require(count > 0 && count <= 64, "1 to 64 program headers");
  file.requireRange(tableOffset, count * PROGRAM_HEADER_SIZE, "the program headers");

  const headers: ProgramHeader[] = [];
  let previousEnd = 0;
  for (let index = 0; index < count; index++) {
    const header = readProgramHeader(file, tableOffset + index * PROGRAM_HEADER_SIZE);
    if (header.type === SEGMENT_LOAD) {
      file.require(header.address >= previousEnd, "loaded segments in the order of their addresses");
      previousEnd = header.address + header.memorySizeBytes;
    }
    headers.push(header);
  }
  file.require(previousEnd > 0, "a loaded segment");
  return headers;
}

function readProgramHeader(file: ElfFile, offset: number): ProgramHeader {
  const header = {
    type: file.word(offset, "a segment's type"),
    flags: file.word(offset + 4, "a segment's flags"),
    fileOffset: file.long(offset + 8, "a segment's place"),
    address: file.long(offset + 16, "a segment's address"),
    fileSizeBytes: file.long(offset + 32, "a segment's size in the file"),
    memorySizeBytes: file.long(offset + 40, "a segment's size in memory"),
    alignment: file.long(offset + 48, "a segment's alignment"),
  };
  file.requireRange(header.fileOffset, header.fileSizeBytes, "every segment");
  file.require(
    file.long(offset + 24, "a segment's physical address") === header.address,
    "equal virtual and physical addresses",
  );
  file.require(header.flags <= 7, "segments that are readable, writable or executable");
  file.require(
    (header.flags & (WRITABLE | EXECUTABLE)) !== (WRITABLE | EXECUTABLE),
    "no segment that is writable and executable",
  );
  file.require(
    header.memorySizeBytes >= header.fileSizeBytes,
    "segments not larger in the file than in memory",
  );
  file.require(
    Number.isInteger(Math.log2(Math.max(header.alignment, 1))) && header.alignment <= 0x20_0000,
    "alignments that are powers of two up to 2 MiB",
  );
  if (header.type === SEGMENT_LOAD) {
    file.require((header.flags & READABLE) !== 0, "readable loaded segments");
    file.require(header.alignment >= 0x1000, "loaded segments aligned to pages");
    file.require(
      header.fileOffset % header.alignment === header.address % header.alignment,
      "segments whose place in the file matches their address",
    );
  }
  return header;
}

export function encodeProgramHeader(header: ProgramHeader): Uint8Array {
  const bytes = Buffer.alloc(PROGRAM_HEADER_SIZE);
  bytes.writeUInt32LE(header.type, 0);
  bytes.writeUInt32LE(header.flags, 4);
  const longs = [
    header.fileOffset,
    header.address,
    header.address,
    header.fileSizeBytes,
    header.memorySizeBytes,
    header.alignment,
  ];
  for (const [index, value] of longs.entries()) bytes.writeBigUInt64LE(BigInt(value), 8 + index * 8);
  return bytes;
}
