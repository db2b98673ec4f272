import { ElfFile, type NamedBytes } from "./elf-file.ts";
import { EXECUTABLE, holds, type ProgramHeader, readProgramHeaders } from "./program-headers.ts";
import { readSections, type Section } from "./sections.ts";

const FILE_HEADER_SIZE = 64;
/** Offsets of the file header fields that the link step changes. */
export const ENTRY_FIELD = 24;
export const PROGRAM_HEADERS_FIELD = 32;
export const PROGRAM_HEADER_COUNT_FIELD = 56;

export type Processor = "x86-64" | "aarch64";

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
  const file: ElfFile = new ElfFile(input);
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

  const programHeadersOffset = file.long(PROGRAM_HEADERS_FIELD, "the place of the program headers");
  const programHeaders = readProgramHeaders(
    file,
    programHeadersOffset,
    file.half(PROGRAM_HEADER_COUNT_FIELD, "the number of program headers"),
  );
  const sections = readSections(file);
  const entry = file.long(ENTRY_FIELD, "the entry point");
  // Shared objects need no interpreter.
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

/** Where in the file the bytes of an address range are. */
export function fileOffsetOf(elf: Elf, address: number, sizeBytes: number, what: string): number {
  const segment = elf.programHeaders.find((header) => holds(header, address, sizeBytes));
  elf.file.require(segment !== undefined, `${what} to lie in a loaded segment`);
  return segment.fileOffset + (address - segment.address);
}
