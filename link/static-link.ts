import { BuildError } from "./build-error.ts";
import { type Dynamic, readDynamic } from "./dynamic.ts";
import type { NamedBytes } from "./elf-file.ts";
import {
  type Elf,
  EXECUTABLE,
  fileOffsetOf,
  PROGRAM_HEADER_SIZE,
  type ProgramHeader,
  READABLE,
  readElf,
  SEGMENT_GNU_STACK,
  SEGMENT_INTERPRETER,
  SEGMENT_LOAD,
  SEGMENT_NOTE,
  SEGMENT_PROGRAM_HEADERS,
  WRITABLE,
} from "./elf.ts";
import {
  EMBEDDED_LIBRARIES,
  encodeLaunchTable,
  HAND_OVER_OFFSET,
  libraryPathOffset,
  TABLE_DISTANCE,
  TABLE_SIZE,
} from "./launcher.ts";
import { type Libc, type LoadedLibc, readLibc } from "./libc.ts";
import { detachLoader } from "./loader-paths.ts";
import { checkSegmentsAgainstSections } from "./section-check.ts";

/** Bytes to put at a place in the file. */
type Patch = { readonly offset: number; readonly bytes: Uint8Array };
/** What becomes of the executable: its size, and everything that differs from the original. */
export type StaticLinkPlan = { readonly sizeBytes: number; readonly patches: readonly Patch[] };

/** The largest page of any Linux system: nothing with other access rights may share one. */
const PAGE = 0x10000;

const alignUp = (value: number, alignment: number): number => Math.ceil(value / alignment) * alignment;

/**
 * Plans how to make an executable of `bun build --compile` start without any file of the system it runs on:
 * what is appended, and the few words of the original that change. docs/static-executable.md has the picture.
 * Throws a BuildError for any input that is not what it should be.
 */
export function planStaticLink(executable: NamedBytes, libc: Libc, launcher: Uint8Array): StaticLinkPlan {
  const program = readProgram(executable);
  const loaded = readLibc(libc, program.elf.processor);
  const { elf } = program;
  const loadSegments = elf.programHeaders.filter((header) => header.type === SEGMENT_LOAD);
  const addressEnd = Math.max(...loadSegments.map((header) => header.address + header.memorySizeBytes));

  // All that is appended keeps one distance between file offset and address, except ld.so's own segments.
  const fileStart = alignUp(executable.bytes.length, PAGE);
  const addressStart = alignUp(addressEnd, PAGE);
  const addressOf = (fileOffset: number): number => addressStart + (fileOffset - fileStart);

  const loaderSegments = loaded.loader.programHeaders.filter((header) => header.type === SEGMENT_LOAD);
  const kept = elf.programHeaders.filter(
    ({ type }) => type === SEGMENT_LOAD || type === SEGMENT_NOTE || type === SEGMENT_GNU_STACK,
  );
  const headersSize = (kept.length + 3 + loaderSegments.length) * PROGRAM_HEADER_SIZE;

  let end = fileStart + headersSize;
  const place = (sizeBytes: number): { fileOffset: number; address: number; sizeBytes: number } => {
    const fileOffset = alignUp(end, 64);
    end = fileOffset + sizeBytes;
    return { fileOffset, address: addressOf(fileOffset), sizeBytes };
  };
  const libraries = {
    "libc.so.6": place(libc.libraries["libc.so.6"].bytes.length),
    "libm.so.6": place(libc.libraries["libm.so.6"].bytes.length),
  };
  const codeOffset = alignUp(end, PAGE);
  const tableOffset = codeOffset + TABLE_DISTANCE;
  const loaderOffset = alignUp(tableOffset + TABLE_SIZE, PAGE);
  const loaderBase = addressOf(loaderOffset);

  const segment = (flags: number, fileOffset: number, sizeBytes: number): ProgramHeader => ({
    type: SEGMENT_LOAD,
    flags,
    fileOffset,
    address: addressOf(fileOffset),
    fileSizeBytes: sizeBytes,
    memorySizeBytes: sizeBytes,
    alignment: PAGE,
  });
  const added = [
    segment(READABLE, fileStart, end - fileStart),
    segment(READABLE | EXECUTABLE, codeOffset, launcher.length),
    segment(READABLE | WRITABLE, tableOffset, TABLE_SIZE),
    ...loaderSegments.map((header) => ({
      ...header,
      fileOffset: loaderOffset + header.fileOffset,
      address: loaderBase + header.address,
    })),
  ];
  // The kernel wants loaded segments in the order of their addresses.
  const headers = [
    ...kept.filter(({ type }) => type === SEGMENT_LOAD),
    ...added,
    ...kept.filter(({ type }) => type !== SEGMENT_LOAD),
  ];

  const table = encodeLaunchTable({
    programHeadersAddress: program.headersAddress,
    programHeaderCount: elf.programHeaders.length,
    programEntry: elf.entry,
    loaderBase,
    loaderEntry: loaderBase + loaded.loader.entry,
    handOver: addressOf(codeOffset) + HAND_OVER_OFFSET,
    libraries,
  });
  const loaderBytes = detachLoader(libc.loader.bytes);
  return {
    sizeBytes: loaderOffset + loaderBytes.length,
    patches: [
      { offset: 24, bytes: encodeLong(addressOf(codeOffset)) },
      { offset: 32, bytes: encodeLong(fileStart) },
      { offset: 56, bytes: encodeHalf(headers.length) },
      ...redirectNames(executable.path, program.dynamic, loaded, (library) =>
        addressOf(tableOffset + libraryPathOffset(library)),
      ),
      ...headers.map((header, index) => ({
        offset: fileStart + index * PROGRAM_HEADER_SIZE,
        bytes: encodeProgramHeader(header),
      })),
      ...EMBEDDED_LIBRARIES.map((library) => ({
        offset: libraries[library].fileOffset,
        bytes: libc.libraries[library].bytes,
      })),
      { offset: codeOffset, bytes: launcher },
      { offset: tableOffset, bytes: table },
      { offset: loaderOffset, bytes: loaderBytes },
    ],
  };
}

/** The new file's bytes. */
export function applyPlan(executable: Uint8Array, plan: StaticLinkPlan): Uint8Array {
  const result = new Uint8Array(plan.sizeBytes);
  result.set(executable);
  for (const { offset, bytes } of plan.patches) result.set(bytes, offset);
  return result;
}

type Program = { readonly elf: Elf; readonly dynamic: Dynamic; readonly headersAddress: number };

function readProgram(executable: NamedBytes): Program {
  const elf = readElf(executable);
  const refuse = (sentence: string): BuildError =>
    new BuildError(
      "not-a-bun-executable",
      executable.path,
      sentence,
      "give an executable that `bun build --compile` made for Linux with glibc",
    );
  if (elf.type !== "executable") throw refuse("expected an executable at a fixed address");
  if (!elf.sections.some((section) => section.name === ".bun" && section.sizeBytes > 0))
    throw refuse("expected a .bun section with the program in it");
  const [interpreter, ...others] = elf.programHeaders.filter(({ type }) => type === SEGMENT_INTERPRETER);
  if (interpreter === undefined || others.length > 0) throw refuse("expected one dynamic loader to be named");
  checkSegmentsAgainstSections(elf);
  const dynamic = readDynamic(elf);

  // ld.so goes on reading the original program headers: they know their own address.
  const [self] = elf.programHeaders.filter(({ type }) => type === SEGMENT_PROGRAM_HEADERS);
  elf.file.require(
    self !== undefined &&
      self.fileOffset === elf.programHeadersOffset &&
      self.fileSizeBytes === elf.programHeaders.length * PROGRAM_HEADER_SIZE &&
      fileOffsetOf(elf, self.address, self.fileSizeBytes, "the program headers") === self.fileOffset,
    "program headers that describe themselves",
  );
  return { elf, dynamic, headersAddress: self.address };
}

/**
 * Makes ld.so look for each embedded library where the launcher puts it. Both the needed library and the
 * symbol versions wanted of it must carry the same name, or ld.so cannot match them. Names are offsets from
 * the string table that ld.so does not bound, so they reach the table's strings.
 */
function redirectNames(
  path: string,
  dynamic: Dynamic,
  libc: LoadedLibc,
  pathAddress: (library: "libc.so.6" | "libm.so.6") => number,
): Patch[] {
  const patches: Patch[] = [];
  const replacement = (name: string): { library: "libc.so.6" | "libm.so.6"; offset: number } | undefined => {
    // Found by its own name: it is the one that is running.
    if (name === libc.loaderName) return undefined;
    const library = libc.substitute(name);
    if (library === undefined)
      throw new BuildError(
        "not-a-bun-executable",
        path,
        `needs ${name}, which is not embedded`,
        `expected no library but ${libc.loaderName}, ${EMBEDDED_LIBRARIES.join(", ")}`,
      );
    return { library, offset: pathAddress(library) - dynamic.stringsAddress };
  };
  for (const needed of dynamic.needed) {
    const target = replacement(needed.name);
    if (target !== undefined)
      patches.push({ offset: needed.referenceOffset, bytes: encodeLong(target.offset) });
  }
  for (const need of dynamic.versionNeeds) {
    const target = replacement(need.name);
    if (target === undefined) continue;
    const missing = need.versions.find((version) => !libc.definedVersions[target.library].has(version));
    if (missing !== undefined)
      throw new BuildError(
        "libc-unfit",
        path,
        `needs ${missing}, which this glibc does not have`,
        "choose a newer glibc",
      );
    patches.push({ offset: need.referenceOffset, bytes: encodeWord(target.offset) });
  }
  return patches;
}

function encodeHalf(value: number): Uint8Array {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function encodeWord(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function encodeLong(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function encodeProgramHeader(header: ProgramHeader): Uint8Array {
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
