import type { Elf } from "./elf.ts";
import {
  EXECUTABLE,
  type ProgramHeader,
  READABLE,
  SEGMENT_DYNAMIC,
  SEGMENT_GNU_STACK,
  SEGMENT_INTERPRETER,
  SEGMENT_LOAD,
  SEGMENT_NOTE,
  SEGMENT_PROGRAM_HEADERS,
  SEGMENT_TLS,
  WRITABLE,
} from "./program-headers.ts";
import {
  isAllocated,
  SECTION_EXECUTABLE,
  SECTION_NO_BITS,
  SECTION_NOTE,
  SECTION_TLS,
  SECTION_WRITABLE,
  type Section,
} from "./sections.ts";

/**
 * Sections and segments describe the same bytes twice, and only the segments count at run time. A segment
 * that disagrees with its sections would load the wrong bytes, so that is an error here. A segment is as large as
 * its sections, or extends to the end of the page.
 */
export function checkSegmentsAgainstSections(elf: Elf): void {
  const sections = elf.sections.filter((section) => isAllocated(section));
  // Uninitialised thread-local data has a size but takes no room.
  const placed = sections.filter(
    ({ type, flags }) => type !== SECTION_NO_BITS || (flags & SECTION_TLS) === 0,
  );
  for (const segment of elf.programHeaders) {
    switch (segment.type) {
      case SEGMENT_LOAD:
        checkLoadedSegment(elf, segment, placed);
        break;
      case SEGMENT_INTERPRETER:
        checkCover(elf, segment, withName(sections, ".interp"));
        break;
      case SEGMENT_DYNAMIC:
        checkCover(elf, segment, withName(sections, ".dynamic"));
        break;
      case SEGMENT_NOTE:
        checkCover(
          elf,
          segment,
          sections.filter(({ type }) => type === SECTION_NOTE),
        );
        break;
      case SEGMENT_TLS:
        checkCover(
          elf,
          segment,
          sections.filter(({ flags }) => (flags & SECTION_TLS) !== 0),
        );
        break;
      case SEGMENT_GNU_STACK:
        elf.file.require(
          segment.flags === (READABLE | WRITABLE) &&
            segment.memorySizeBytes + segment.fileOffset + segment.address === 0,
          "a stack of the default size that is not executable",
        );
        break;
      case SEGMENT_PROGRAM_HEADERS:
        elf.file.require(
          segment.flags === READABLE && segment.memorySizeBytes === segment.fileSizeBytes,
          "program headers that are only read",
        );
        break;
      default:
        throw elf.file.malformed("no kind of segment that Bun's executables do not have");
    }
  }
  const loaded = elf.programHeaders.filter(({ type }) => type === SEGMENT_LOAD);
  for (const section of placed)
    elf.file.require(
      loaded.some((segment) => lies(section, segment)),
      `section ${section.name} to lie in a loaded segment`,
    );
}

const withName = (sections: readonly Section[], name: string): Section[] =>
  sections.filter((section) => section.name === name);

const endOf = (section: Section): number => section.address + section.sizeBytes;

const lies = (section: Section, segment: ProgramHeader): boolean =>
  section.address >= segment.address && endOf(section) <= segment.address + segment.memorySizeBytes;

/** Checks that the segment starts with the first of the sections and ends with the last, in file and memory. */
function checkCover(elf: Elf, segment: ProgramHeader, sections: readonly Section[]): void {
  const [first] = sections;
  const inFile = sections.filter(({ type }) => type !== SECTION_NO_BITS);
  elf.file.require(
    first !== undefined &&
      segment.flags === (segment.type === SEGMENT_DYNAMIC ? READABLE | WRITABLE : READABLE) &&
      segment.address === first.address &&
      segment.fileOffset === first.fileOffset &&
      segment.memorySizeBytes === Math.max(...sections.map(endOf)) - first.address &&
      segment.fileSizeBytes === Math.max(...inFile.map(endOf)) - first.address &&
      segment.alignment === Math.max(...sections.map(({ alignment }) => alignment)),
    "segments that cover their sections",
  );
}

function checkLoadedSegment(elf: Elf, segment: ProgramHeader, placed: readonly Section[]): void {
  const inside = placed.filter((section) => lies(section, segment));
  for (const section of inside) {
    const writable = (section.flags & SECTION_WRITABLE) !== 0;
    const executable = (section.flags & SECTION_EXECUTABLE) !== 0;
    const distance = section.address - segment.address;
    elf.file.require(
      writable === ((segment.flags & WRITABLE) !== 0) && executable === ((segment.flags & EXECUTABLE) !== 0),
      `section ${section.name} to have its segment's access rights`,
    );
    elf.file.require(
      section.type === SECTION_NO_BITS ||
        (section.fileOffset - segment.fileOffset === distance &&
          distance + section.sizeBytes <= segment.fileSizeBytes),
      `section ${section.name} to be where its segment is`,
    );
  }
  const sectionsEnd = Math.max(...inside.map(endOf));
  for (const sizeBytes of [segment.memorySizeBytes, segment.fileSizeBytes]) {
    const end = segment.address + sizeBytes;
    elf.file.require(
      end === sectionsEnd ||
        (end % 0x1000 === 0 && end > sectionsEnd && end - sectionsEnd < segment.alignment),
      "segments that end with their last section",
    );
  }
}
