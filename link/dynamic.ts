import { type Elf, fileOffsetOf, SEGMENT_DYNAMIC } from "./elf.ts";

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

/** A library that is named in the dynamic section, and where in the file its name's offset is kept. */
export type NameReference = { readonly name: string; readonly referenceOffset: number };

/** The symbol versions that are wanted of one library. */
export type VersionNeed = NameReference & { readonly versions: readonly string[] };

export type Dynamic = {
  /** The address that all name offsets count from. */
  readonly stringsAddress: number;
  readonly soname: string;
  readonly needed: readonly NameReference[];
  readonly versionNeeds: readonly VersionNeed[];
  readonly definedVersions: ReadonlySet<string>;
};

/** Reads what the dynamic loader would: the libraries and symbol versions that a file needs and offers. */
export function readDynamic(elf: Elf): Dynamic {
  const { file } = elf;
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
    if (ended) continue;
    if (tag === TAG_NEEDED) {
      neededOffsets.push({ value, referenceOffset: at + 8 });
    } else {
      file.require(!single.has(tag), "every dynamic tag once");
      single.set(tag, value);
    }
  }
  file.require(ended, "an end of the dynamic section");
  checkDynamicSections(elf, single);

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

/** Tags that hold an address, each with the tag of its size where there is one. */
const addressTags: readonly (readonly [address: number, size: number | undefined])[] = [
  [TAG_STRINGS, TAG_STRINGS_SIZE],
  [7, 8], // RELA
  [23, 2], // JMPREL
  [25, 27], // INIT_ARRAY
  [26, 28], // FINI_ARRAY
  [36, 35], // RELR
  [3, undefined], // PLTGOT
  [4, undefined], // HASH
  [6, undefined], // SYMTAB
  [12, undefined], // INIT
  [13, undefined], // FINI
  [0x6ffffef5, undefined], // GNU_HASH
  [0x6ffffff0, undefined], // VERSYM
  [TAG_VERSION_DEFINITIONS, undefined],
  [TAG_VERSION_NEEDS, undefined],
];

/** The loader never sees sections; they are a second account of the same tables, so a difference is damage. */
function checkDynamicSections(elf: Elf, tags: ReadonlyMap<number, number>): void {
  for (const [addressTag, sizeTag] of addressTags) {
    const address = tags.get(addressTag);
    if (address === undefined) continue;
    const size = sizeTag === undefined ? undefined : tags.get(sizeTag);
    elf.file.require(
      elf.sections.some(
        (section) =>
          section.address === address && section.sizeBytes > 0 && (size === undefined || section.sizeBytes === size),
      ),
      "every table of the dynamic section to be a section",
    );
  }
}

type StringAt = (offset: number, what: string) => string;

/** Walks a chain of records whose `next` field is relative to the record and 0 in the last one. */
function walkChain(
  elf: Elf,
  start: number,
  count: number,
  nextFieldOffset: number,
  what: string,
  visit: (recordOffset: number) => void,
): void {
  let at = start;
  for (let index = 0; index < count; index++) {
    visit(at);
    const next = elf.file.word(at + nextFieldOffset, what);
    elf.file.require((next === 0) === (index === count - 1), `${what} as many as are counted`);
    at += next;
  }
}

function readVersionNeeds(
  elf: Elf,
  address: number | undefined,
  count: number | undefined,
  string: StringAt,
): VersionNeed[] {
  if (address === undefined) return [];
  elf.file.require(count !== undefined && count > 0 && count <= 64, "1 to 64 libraries with needed versions");
  const needs: VersionNeed[] = [];
  const start = fileOffsetOf(elf, address, 16, "the needed versions");
  walkChain(elf, start, count, 12, "the needed versions", (record) => {
    elf.file.require(elf.file.half(record, "a version record") === 1, "version records of revision 1");
    const versions: string[] = [];
    const versionCount = elf.file.half(record + 2, "the number of needed versions");
    const first = record + elf.file.word(record + 8, "a needed version");
    walkChain(elf, first, versionCount, 12, "the versions of a library", (version) => {
      const name = string(elf.file.word(version + 8, "a version's name"), "a version's name");
      elf.file.require(
        elf.file.word(version, "a version's hash") === hashOf(name),
        "version names that match their hashes",
      );
      versions.push(name);
    });
    const name = string(elf.file.word(record + 4, "a library's name"), "a library's name");
    needs.push({ name, referenceOffset: record + 4, versions });
  });
  return needs;
}

function readDefinedVersions(
  elf: Elf,
  address: number | undefined,
  count: number | undefined,
  string: StringAt,
): Set<string> {
  const versions = new Set<string>();
  if (address === undefined) return versions;
  elf.file.require(count !== undefined && count > 0 && count <= 256, "1 to 256 defined versions");
  const start = fileOffsetOf(elf, address, 20, "the defined versions");
  walkChain(elf, start, count, 16, "the defined versions", (record) => {
    const nameRecord = record + elf.file.word(record + 12, "a defined version");
    versions.add(string(elf.file.word(nameRecord, "a version's name"), "a version's name"));
  });
  return versions;
}

/** The System V ABI's hash of a name. */
function hashOf(name: string): number {
  let hash = 0;
  for (const character of Buffer.from(name, "latin1")) {
    hash = (hash << 4) + character;
    const high = hash & 0xf000_0000;
    hash = (hash ^ (high >>> 24)) & ~high;
  }
  return hash >>> 0;
}
