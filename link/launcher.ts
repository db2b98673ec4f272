/**
 * The link step's side of the table in `link/launcher/launcher.h`; the two must agree.
 */

/** The table's distance from the launcher's code: `table` in launcher.ld. */
export const TABLE_DISTANCE = 0x10000;
/** Where in the launcher's code ld.so continues when the program is linked. */
export const HAND_OVER_OFFSET = 32;
/** Where in the launcher's code ld.so's calls of mmap go, and where the jump back to ld.so is to be. */
export const MAP_OFFSET = 64;
export const MAP_END_OFFSET = 192;
/** How much of a library ld.so may read, if it maps the rest by these calls. */
export const LIBRARY_HEAD_SIZE = 4096;

const NAME_SIZE = 32;
const PATH_SIZE = 40;
const HEAD_SIZE = 9 * 8;
const NAME_OFFSET = 6 * 8;
const LIBRARY_SIZE = NAME_OFFSET + NAME_SIZE + PATH_SIZE;
/** Of the executable's descriptor, until the launcher has opened it. */
const NOT_OPEN = -1;
const PATH_PREFIX = "/proc/self/fd/";

export const EMBEDDED_LIBRARIES = ["libc.so.6", "libm.so.6"] as const;
export type EmbeddedLibrary = (typeof EMBEDDED_LIBRARIES)[number];

export const TABLE_SIZE = HEAD_SIZE + EMBEDDED_LIBRARIES.length * LIBRARY_SIZE;

/** Where in the table the name is under which ld.so finds a library. */
export function libraryPathOffset(library: EmbeddedLibrary): number {
  return HEAD_SIZE + EMBEDDED_LIBRARIES.indexOf(library) * LIBRARY_SIZE + NAME_OFFSET + NAME_SIZE;
}

/** All addresses are run-time addresses. */
export type LaunchTable = {
  readonly programHeadersAddress: number;
  readonly programHeaderCount: number;
  readonly programEntry: number;
  readonly loaderBase: number;
  readonly loaderEntry: number;
  readonly handOver: number;
  /** Whether ld.so's calls of mmap have been redirected. */
  readonly mapsFromExecutable: boolean;
  readonly libraries: Readonly<Record<EmbeddedLibrary, PlacedLibrary>>;
};

export type PlacedLibrary = {
  readonly fileOffset: number;
  readonly address: number;
  readonly sizeBytes: number;
};

export function encodeLaunchTable(table: LaunchTable): Uint8Array {
  const bytes = Buffer.alloc(TABLE_SIZE);
  const head = [
    table.programHeadersAddress,
    table.programHeaderCount,
    table.programEntry,
    table.loaderBase,
    table.loaderEntry,
    table.handOver,
    table.mapsFromExecutable ? 1 : 0,
    NOT_OPEN,
    EMBEDDED_LIBRARIES.length,
  ];
  for (const [index, value] of head.entries()) bytes.writeBigInt64LE(BigInt(value), index * 8);
  for (const [index, library] of EMBEDDED_LIBRARIES.entries()) {
    const start = HEAD_SIZE + index * LIBRARY_SIZE;
    const { address, sizeBytes, fileOffset } = table.libraries[library];
    for (const [field, value] of [address, sizeBytes, fileOffset].entries())
      bytes.writeBigInt64LE(BigInt(value), start + field * 8);
    bytes.write(library, start + NAME_OFFSET, "latin1");
    bytes.write(PATH_PREFIX, libraryPathOffset(library), "latin1");
  }
  return bytes;
}
