import type { ElfFile } from "./elf-file.ts";

const SECTION_HEADER_SIZE = 64;

export const SECTION_NOTE = 7;
export const SECTION_NO_BITS = 8;

export const SECTION_WRITABLE = 1;
const SECTION_ALLOCATED = 2;
export const SECTION_EXECUTABLE = 4;
export const SECTION_TLS = 0x400;

/** A part of the file, named by the linker; not used at run time. */
export type Section = {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly fileOffset: number;
  readonly sizeBytes: number;
  readonly alignment: number;
};

/** Whether the section is in memory at run time. */
export function isAllocated(section: Section): boolean {
  return (section.flags & SECTION_ALLOCATED) !== 0 && section.sizeBytes > 0;
}

export function readSections(file: ElfFile): Section[] {
  const tableOffset = file.long(40, "the place of the section headers");
  const count = file.half(60, "the number of sections");
  const namesIndex = file.half(62, "the section of names");
  file.require(
    file.half(58, "the section header size") === SECTION_HEADER_SIZE,
    "section headers of 64 bytes",
  );
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
      alignment: file.long(at + 48, "a section's alignment"),
    };
  });
}
