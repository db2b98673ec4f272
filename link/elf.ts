import { ElfFile, type NamedBytes } from "./elf-file.ts";

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

export const FILE_HEADER_SIZE = 64;
export const PROGRAM_HEADER_SIZE = 56;
const SECTION_HEADER_SIZE = 64;

export type Processor = "x86-64" | "aarch64";

export type ProgramHeader = {
  readonly type: number;
  readonly flags: number;
  readonly fileOffset: number;
  readonly address: number;
  readonly fileSizeBytes: number;
  readonly memorySizeBytes: number;
  readonly alignment: number;
};

export type Section = {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly fileOffset: number;
  readonly sizeBytes: number;
};

export type Elf = {
  readonly file: ElfFile;
  readonly type: "executable" | "shared";
  readonly processor: Processor;
  readonly entry: number;
  readonly programHeadersOffset: number;
  readonly programHeaders: readonly ProgramHeader[];
  readonly sections: readonly Section[];
};

const processors: ReadonlyMap<number, Processor> = new Map([
  [62, "x86-64"],
  [183, "aarch64"],
]);

/** Reads the headers of a 64-bit little-endian Linux ELF file and checks each against the file's size and the others. */
export function readElf(input: NamedBytes): Elf {
  const file = new ElfFile(input);
  file.require(
    input.bytes.length >= FILE_HEADER_SIZE && file.word(0, "the ELF magic number") === 0x464c457f,
    "an ELF file",
  );
  file.require(file.byte(4, "the class") === 2, "a 64-bit ELF file");
  file.require(file.byte(5, "the byte order") === 1, "a little-endian ELF file");
  file.require(file.byte(6, "the version") === 1 && file.word(20, "the version") === 1, "ELF version 1");
  const system = file.byte(7, "the operating system");
  file.require(system === 0 || system === 3, "an ELF file for Linux");
  file.require(file.long(8, "the padding of the identification") === 0, "ABI version 0");
  const type = file.half(16, "the type");
  file.require(type === 2 || type === 3, "an executable or a shared object");
  const processor = processors.get(file.half(18, "the processor"));
  file.require(processor !== undefined, "code for x86-64 or aarch64");
  file.require(file.word(48, "the processor flags") === 0, "no processor flags");
  file.require(file.half(52, "the header size") === FILE_HEADER_SIZE, "a file header of 64 bytes");

  const programHeadersOffset = file.long(32, "the place of the program headers");
  const programHeaders = readProgramHeaders(file, programHeadersOffset);
  const sections = readSections(file);
  const entry = file.long(24, "the entry point");
  // Shared objects need none.
  file.require(
    (type === 3 && entry === 0) ||
      programHeaders.some((header) => (header.flags & EXECUTABLE) !== 0 && holds(header, entry, 1)),
    "an entry point in an executable segment",
  );
  return {
    file,
    type: type === 2 ? "executable" : "shared",
    processor,
    entry,
    programHeadersOffset,
    programHeaders,
    sections,
  };
}

/** Whether the segment is loaded from the file for the whole of the address range. */
function holds(header: ProgramHeader, address: number, sizeBytes: number): boolean {
  return (
    header.type === SEGMENT_LOAD &&
    address >= header.address &&
    address + sizeBytes <= header.address + header.fileSizeBytes
  );
}

/** Where in the file the bytes of an address range are. */
export function fileOffsetOf(elf: Elf, address: number, sizeBytes: number, what: string): number {
  const segment = elf.programHeaders.find((header) => holds(header, address, sizeBytes));
  elf.file.require(segment !== undefined, `${what} to lie in a loaded segment`);
  return segment.fileOffset + (address - segment.address);
}

function readProgramHeaders(file: ElfFile, tableOffset: number): ProgramHeader[] {
  const count = file.half(56, "the number of program headers");
  file.require(file.half(54, "the program header size") === PROGRAM_HEADER_SIZE, "program headers of 56 bytes");
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
  file.require(header.memorySizeBytes >= header.fileSizeBytes, "segments not larger in the file than in memory");
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

function readSections(file: ElfFile): Section[] {
  const tableOffset = file.long(40, "the place of the section headers");
  const count = file.half(60, "the number of sections");
  const namesIndex = file.half(62, "the section of names");
  file.require(file.half(58, "the section header size") === SECTION_HEADER_SIZE, "section headers of 64 bytes");
  file.require(count > 0 && namesIndex < count, "a section of section names");
  file.requireRange(tableOffset, count * SECTION_HEADER_SIZE, "the section headers");

  const header = (index: number) => tableOffset + index * SECTION_HEADER_SIZE;
  const namesOffset = file.long(header(namesIndex) + 24, "the place of the section names");
  const namesSize = file.long(header(namesIndex) + 32, "the size of the section names");
  file.requireRange(namesOffset, namesSize, "the section names");
  return Array.from({ length: count }, (_, index) => {
    const at = header(index);
    return {
      name: file.text(
        namesOffset + file.word(at, "a section's name"),
        namesOffset + namesSize,
        "a section's name",
      ),
      type: file.word(at + 4, "a section's type"),
      flags: file.long(at + 8, "a section's flags"),
      address: file.long(at + 16, "a section's address"),
      fileOffset: file.long(at + 24, "a section's place"),
      sizeBytes: file.long(at + 32, "a section's size"),
    };
  });
}
