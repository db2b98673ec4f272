import type { Dynamic } from "./dynamic.ts";
import type { Elf } from "./elf.ts";
import { isAllocated } from "./sections.ts";

/** The tables of a dynamic section: the tag of the address, the tag of the size if any, and the section. */
const tables: readonly (readonly [address: number, size: number | undefined, section: string])[] = [
  [5, 10, ".dynstr"],
  [6, undefined, ".dynsym"],
  [7, 8, ".rela.dyn"],
  [23, 2, ".rela.plt"],
  [3, undefined, ".got.plt"],
  [4, undefined, ".hash"],
  [0x6ffffef5, undefined, ".gnu.hash"],
  [12, undefined, ".init"],
  [13, undefined, ".fini"],
  [25, 27, ".init_array"],
  [26, 28, ".fini_array"],
  [32, 33, ".preinit_array"],
  [36, 35, ".relr.dyn"],
  [0x6ffffff0, undefined, ".gnu.version"],
  [0x6ffffffc, undefined, ".gnu.version_d"],
  [0x6ffffffe, undefined, ".gnu.version_r"],
];

/** Tags with one possible value: sizes of records, the kind of relocations, a word for debuggers. */
const fixedValues: ReadonlyMap<number, number> = new Map([
  [9, 24],
  [11, 24],
  [20, 7],
  [21, 0],
  [37, 8],
]);

/** Tags whose values only select a behaviour, or count records that are also counted elsewhere. */
const freeValues: ReadonlySet<number> = new Set([
  30, 0x6ffffff9, 0x6ffffffb, 0x6ffffffd, 0x6fffffff, 0x70000001, 0x70000003, 0x70000005,
]);

/**
 * ld.so reads only the dynamic section, never the sections that its tables correspond to; a difference is damage.
 * Every such section must have its tag, and every tag must be known.
 */
export function checkDynamicAgainstSections(elf: Elf, dynamic: Dynamic): void {
  const expected = new Map(fixedValues);
  for (const [addressTag, sizeTag, name] of tables) {
    const section = elf.sections.find((candidate) => candidate.name === name && isAllocated(candidate));
    if (section === undefined) continue;
    elf.file.require(dynamic.tags.has(addressTag), `a dynamic tag for section ${name}`);
    expected.set(addressTag, section.address);
    if (sizeTag === undefined) continue;
    elf.file.require(dynamic.tags.has(sizeTag), `a dynamic tag for the size of section ${name}`);
    expected.set(sizeTag, section.sizeBytes);
  }
  for (const [tag, value] of dynamic.tags)
    elf.file.require(
      freeValues.has(tag) || expected.get(tag) === value,
      "a dynamic section that agrees with the sections",
    );
  for (const tag of [9, 11, 20])
    elf.file.require(dynamic.tags.has(tag), "the sizes of records in the dynamic section");

  const needed = new Set(dynamic.needed.map(({ name }) => name));
  elf.file.require(needed.size === dynamic.needed.length, "every needed library once");
  elf.file.require(
    dynamic.versionNeeds.every(({ name }) => needed.has(name)),
    "versions only of needed libraries",
  );
  // The linker numbers all versions consecutively from 1, starting with those that the program defines.
  const indexes = dynamic.versionNeeds.flatMap((need) => need.indexes).sort((a, b) => a - b);
  elf.file.require(
    indexes.every((index, position) => index === Math.max(dynamic.definedVersions.size, 1) + 1 + position),
    "version numbers without a gap",
  );
}
