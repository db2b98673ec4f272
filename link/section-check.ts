import type { Elf } from "./elf.ts";
import { EXECUTABLE, type ProgramHeader, SEGMENT_LOAD, WRITABLE } from "./program-headers.ts";
import type { Section } from "./sections.ts";

const SECTION_NO_BITS = 8;
const SECTION_WRITABLE = 1;
const SECTION_ALLOCATED = 2;
const SECTION_EXECUTABLE = 4;
const SECTION_TLS = 0x400;

/**
 * Sections and segments describe the same bytes twice, and only the segments count at run time. A segment
 * that disagrees with the sections in it would load the wrong bytes, so it is an error here.
 */
export function checkSegmentsAgainstSections(elf: Elf): void {
  const loaded = elf.programHeaders.filter((header) => header.type === SEGMENT_LOAD);
  const ends = new Map<ProgramHeader, number>();
  for (const section of elf.sections) {
    // Uninitialised thread-local data has a size but no place of its own.
    const placed = section.type !== SECTION_NO_BITS || (section.flags & SECTION_TLS) === 0;
    if ((section.flags & SECTION_ALLOCATED) === 0 || section.sizeBytes === 0 || !placed) continue;
    const end = section.address + section.sizeBytes;
    const segment = loaded.find(
      (header) => section.address >= header.address && end <= header.address + header.memorySizeBytes,
    );
    elf.file.require(segment !== undefined, `section ${section.name} to lie in a loaded segment`);
    elf.file.require(
      agrees(section, segment),
      `section ${section.name} to be where, and to be what, its segment says`,
    );
    ends.set(segment, Math.max(ends.get(segment) ?? 0, end));
  }
  for (const segment of loaded) {
    const slack = segment.address + segment.memorySizeBytes - (ends.get(segment) ?? 0);
    elf.file.require(slack < segment.alignment, "segments that end with their last section");
  }
}

function agrees(section: Section, segment: ProgramHeader): boolean {
  const distance = section.address - segment.address;
  const writable = (section.flags & SECTION_WRITABLE) !== 0;
  const executable = (section.flags & SECTION_EXECUTABLE) !== 0;
  return (
    writable === ((segment.flags & WRITABLE) !== 0) &&
    executable === ((segment.flags & EXECUTABLE) !== 0) &&
    (section.type === SECTION_NO_BITS ||
      (section.fileOffset - segment.fileOffset === distance &&
        distance + section.sizeBytes <= segment.fileSizeBytes))
  );
}
