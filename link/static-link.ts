import { ENTRY_FIELD, PROGRAM_HEADER_COUNT_FIELD, PROGRAM_HEADERS_FIELD, type Processor } from "./elf.ts";
import type { NamedBytes } from "./elf-file.ts";
import {
  EMBEDDED_LIBRARIES,
  encodeLaunchTable,
  HAND_OVER_OFFSET,
  libraryPathOffset,
  MAP_END_OFFSET,
  MAP_OFFSET,
  type PlacedLibrary,
  TABLE_DISTANCE,
  TABLE_SIZE,
} from "./launcher.ts";
import { type Libc, readLibc } from "./libc.ts";
import { redirectNames } from "./library-names.ts";
import { encodeJump, findMapCall, hasCompleteHead, type MapCall } from "./loader-mappings.ts";
import { detachLoader } from "./loader-paths.ts";
import { type Patch, patchHalf, patchLong } from "./patch.ts";
import { readProgram } from "./program.ts";
import {
  EXECUTABLE,
  encodeProgramHeader,
  PROGRAM_HEADER_SIZE,
  type ProgramHeader,
  READABLE,
  SEGMENT_GNU_STACK,
  SEGMENT_LOAD,
  SEGMENT_NOTE,
  WRITABLE,
} from "./program-headers.ts";

/** How the executable changes: its new size, and everything that differs from the original. */
export type StaticLinkPlan = { readonly sizeBytes: number; readonly patches: readonly Patch[] };

/** The largest page size of any Linux system. Parts with different access rights must not share a page. */
const PAGE = 0x10000;

const alignUp = (value: number, alignment: number): number => Math.ceil(value / alignment) * alignment;

/**
 * Plans how to make an executable from `bun build --compile` start without any file of the system it runs on: what
 * is appended, and the few words of the original that change. docs/static-executable.md has a diagram.
 * Throws a BuildError for unexpected input.
 */
export function planStaticLink(executable: NamedBytes, libc: Libc, launcher: Uint8Array): StaticLinkPlan {
  const program = readProgram(executable);
  const loaded = readLibc(libc, program.elf.processor);
  const { elf } = program;
  const loadSegments = elf.programHeaders.filter((header) => header.type === SEGMENT_LOAD);
  const addressEnd = Math.max(...loadSegments.map((header) => header.address + header.memorySizeBytes));

  // In the appended part, file offset and address have a constant distance, except in ld.so's own segments.
  const fileStart = alignUp(executable.bytes.length, PAGE);
  const addressStart = alignUp(addressEnd, PAGE);
  const addressOf = (fileOffset: number): number => addressStart + (fileOffset - fileStart);

  const loaderSegments = loaded.loader.programHeaders.filter((header) => header.type === SEGMENT_LOAD);
  const kept = elf.programHeaders.filter(
    ({ type }) => type === SEGMENT_LOAD || type === SEGMENT_NOTE || type === SEGMENT_GNU_STACK,
  );
  const headersSize = (kept.length + 3 + loaderSegments.length) * PROGRAM_HEADER_SIZE;

  let end = fileStart + headersSize;
  // Libraries are mapped from here a second time, by ld.so, for which each has to start a page.
  const place = (sizeBytes: number): PlacedLibrary => {
    const fileOffset = alignUp(end, PAGE);
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
    ...loaderSegments.map((header) => moved(header, loaderOffset, loaderBase)),
  ];
  // The kernel requires loaded segments in the order of their addresses.
  const headers = [
    ...kept.filter(({ type }) => type === SEGMENT_LOAD),
    ...added,
    ...kept.filter(({ type }) => type !== SEGMENT_LOAD),
  ];

  const mapCall = EMBEDDED_LIBRARIES.every((library) => hasCompleteHead(loaded.libraries[library]))
    ? findMapCall(loaded.loader)
    : undefined;
  const table = encodeLaunchTable({
    programHeadersAddress: program.headersAddress,
    programHeaderCount: elf.programHeaders.length,
    programEntry: elf.entry,
    loaderBase,
    loaderEntry: loaderBase + loaded.loader.entry,
    handOver: addressOf(codeOffset) + HAND_OVER_OFFSET,
    mapsFromExecutable: mapCall !== undefined,
    libraries,
  });
  const loaderBytes = detachLoader(libc.loader.bytes);
  return {
    sizeBytes: loaderOffset + loaderBytes.length,
    patches: [
      patchLong(ENTRY_FIELD, addressOf(codeOffset)),
      patchLong(PROGRAM_HEADERS_FIELD, fileStart),
      patchHalf(PROGRAM_HEADER_COUNT_FIELD, headers.length),
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
      ...(mapCall === undefined
        ? []
        : redirectMapCall(mapCall, elf.processor, {
            loaderOffset,
            loaderBase,
            codeOffset,
            codeBase: addressOf(codeOffset),
          })),
    ],
  };
}

type Places = {
  /** In the file, and in memory. */
  readonly loaderOffset: number;
  readonly loaderBase: number;
  readonly codeOffset: number;
  readonly codeBase: number;
};

/** From ld.so to the launcher, and back. */
function redirectMapCall(call: MapCall, processor: Processor, places: Places): Patch[] {
  const { loaderOffset, loaderBase, codeOffset, codeBase } = places;
  const [jump, back] = [
    encodeJump(processor, loaderBase + call.jumpAddress, codeBase + MAP_OFFSET),
    encodeJump(processor, codeBase + MAP_END_OFFSET, loaderBase + call.returnAddress),
  ];
  return [
    { offset: loaderOffset + call.jumpOffset, bytes: jump },
    { offset: codeOffset + MAP_END_OFFSET, bytes: back },
  ];
}

function moved(header: ProgramHeader, fileDistance: number, addressDistance: number): ProgramHeader {
  return {
    ...header,
    fileOffset: header.fileOffset + fileDistance,
    address: header.address + addressDistance,
    alignment: Math.min(header.alignment, PAGE),
  };
}

/** The new file's bytes. */
export function applyPlan(executable: Uint8Array, plan: StaticLinkPlan): Uint8Array {
  const result = new Uint8Array(plan.sizeBytes);
  result.set(executable);
  for (const { offset, bytes } of plan.patches) result.set(bytes, offset);
  return result;
}
