import { type Elf, fileOffsetOf } from "./elf.ts";

/** A library named in the dynamic section, and where in the file the offset of its name is. */
export type NameReference = { readonly name: string; readonly referenceOffset: number };

/** The symbol versions required from one library. */
export type VersionNeed = NameReference & {
  readonly versions: readonly string[];
  /** The numbers of these versions in the symbol version table. */
  readonly indexes: readonly number[];
};

/** The dynamic string at an offset. */
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

/** The libraries that symbols are required from, each with the versions. */
export function readVersionNeeds(
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
    const indexes: number[] = [];
    const versionCount = elf.file.half(record + 2, "the number of needed versions");
    elf.file.require(versionCount > 0, "a version of every library with needed versions");
    const first = record + elf.file.word(record + 8, "a needed version");
    walkChain(elf, first, versionCount, 12, "the versions of a library", (version) => {
      const name = string(elf.file.word(version + 8, "a version's name"), "a version's name");
      elf.file.require(
        elf.file.word(version, "a version's hash") === hashOf(name),
        "version names that match their hashes",
      );
      elf.file.require(
        elf.file.half(version + 4, "a version's flags") === 0,
        "needed versions without flags",
      );
      versions.push(name);
      indexes.push(elf.file.half(version + 6, "a version's number"));
    });
    const name = string(elf.file.word(record + 4, "a library's name"), "a library's name");
    needs.push({ name, referenceOffset: record + 4, versions, indexes });
  });
  return needs;
}

/** The symbol versions that a library provides. */
export function readDefinedVersions(
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
