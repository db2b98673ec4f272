import { type Elf, fileOffsetOf } from "./elf.ts";
import type { ElfFile } from "./elf-file.ts";
import { SEGMENT_DYNAMIC } from "./program-headers.ts";
import {
  type NameReference,
  readDefinedVersions,
  readVersionNeeds,
  type VersionNeed,
} from "./symbol-versions.ts";

const TAG_END = 0;
const TAG_NEEDED = 1;
const TAG_STRINGS = 5;
const TAG_STRINGS_SIZE = 10;
const TAG_SONAME = 14;
const TAG_VERSION_DEFINITIONS = 0x6ffffffc;
const TAG_VERSION_DEFINITION_COUNT = 0x6ffffffd;
const TAG_VERSION_NEEDS = 0x6ffffffe;
const TAG_VERSION_NEED_COUNT = 0x6fffffff;

const ENTRY_SIZE = 16;

export type Dynamic = {
  /** The value of every tag that occurs once. */
  readonly tags: ReadonlyMap<number, number>;
  /** The address that all name offsets count from. */
  readonly stringsAddress: number;
  readonly soname: string;
  readonly needed: readonly NameReference[];
  readonly versionNeeds: readonly VersionNeed[];
  readonly definedVersions: ReadonlySet<string>;
};

/** Reads what the dynamic loader would: the libraries and symbol versions that a file needs and provides. */
export function readDynamic(elf: Elf): Dynamic {
  const file: ElfFile = elf.file;
  const segments = elf.programHeaders.filter((header) => header.type === SEGMENT_DYNAMIC);
  const [segment] = segments;
  file.require(segment !== undefined && segments.length === 1, "one dynamic segment");
  const tableOffset = fileOffsetOf(elf, segment.address, segment.fileSizeBytes, "the dynamic section");
  file.require(tableOffset === segment.fileOffset, "the dynamic section where its segment is loaded");

  const single = new Map<number, number>();
  const neededOffsets: { value: number; referenceOffset: number }[] = [];
  let ended = false;
  for (let at = tableOffset; at + ENTRY_SIZE <= tableOffset + segment.fileSizeBytes; at += ENTRY_SIZE) {
    const tag = file.long(at, "a dynamic tag");
    const value = file.long(at + 8, "a dynamic value");
    ended ||= tag === TAG_END;
    if (ended) {
      file.require(tag === 0 && value === 0, "nothing after the end of the dynamic section");
      continue;
    }
    if (tag === TAG_NEEDED) {
      neededOffsets.push({ value, referenceOffset: at + 8 });
    } else {
      file.require(!single.has(tag), "every dynamic tag once");
      single.set(tag, value);
    }
  }
  file.require(ended, "an end of the dynamic section");

  const required = (tag: number, what: string): number => {
    const value = single.get(tag);
    file.require(value !== undefined, what);
    return value;
  };
  const stringsAddress = required(TAG_STRINGS, "a table of dynamic strings");
  const stringsSize = required(TAG_STRINGS_SIZE, "the size of the dynamic strings");
  const stringsOffset = fileOffsetOf(elf, stringsAddress, stringsSize, "the dynamic strings");
  const string = (offset: number, what: string): string =>
    file.text(stringsOffset + offset, stringsOffset + stringsSize, what);

  const soname = single.get(TAG_SONAME);
  return {
    tags: single,
    stringsAddress,
    soname: soname === undefined ? "" : string(soname, "the library's own name"),
    needed: neededOffsets.map(({ value, referenceOffset }) => ({
      name: string(value, "a needed library's name"),
      referenceOffset,
    })),
    versionNeeds: readVersionNeeds(
      elf,
      single.get(TAG_VERSION_NEEDS),
      single.get(TAG_VERSION_NEED_COUNT),
      string,
    ),
    definedVersions: readDefinedVersions(
      elf,
      single.get(TAG_VERSION_DEFINITIONS),
      single.get(TAG_VERSION_DEFINITION_COUNT),
      string,
    ),
  };
}
