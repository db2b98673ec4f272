/**
 * The link step's side of the table in `link/launcher/launcher.h`; the two must agree.
 */

/** The table's distance from the launcher's code: `table` in launcher.ld. */
export const TABLE_DISTANCE = 0x10000;
/** Where in the launcher's code ld.so continues when the program is linked. */
export const HAND_OVER_OFFSET = 32;

const NAME_SIZE = 32;
const PATH_SIZE = 40;
const HEAD_SIZE = 7 * 8;
const LIBRARY_SIZE = 3 * 8 + NAME_SIZE + PATH_SIZE;
const PATH_PREFIX = "/proc/self/fd/";

export const EMBEDDED_LIBRARIES = ["libc.so.6", "libm.so.6"] as const;
export type EmbeddedLibrary = (typeof EMBEDDED_LIBRARIES)[number];

export const TABLE_SIZE = HEAD_SIZE + EMBEDDED_LIBRARIES.length * LIBRARY_SIZE;

/** Where in the table the name is under which ld.so finds a library. */
export function libraryPathOffset(library: EmbeddedLibrary): number {
  return HEAD_SIZE + EMBEDDED_LIBRARIES.indexOf(library) * LIBRARY_SIZE + 3 * 8 + NAME_SIZE;
}

/** All addresses are run-time addresses. */
export type LaunchTable = {
  readonly programHeadersAddress: number;
  readonly programHeaderCount: number;
  readonly programEntry: number;
  readonly loaderBase: number;
  readonly loaderEntry: number;
  readonly handOver: number;
  readonly libraries: Readonly<Record<EmbeddedLibrary, { address: number; sizeBytes: number }>>;
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
    EMBEDDED_LIBRARIES.length,
  ];
  for (const [index, value] of head.entries()) bytes.writeBigUInt64LE(BigInt(value), index * 8);
  for (const [index, library] of EMBEDDED_LIBRARIES.entries()) {
    const start = HEAD_SIZE + index * LIBRARY_SIZE;
    bytes.writeBigUInt64LE(BigInt(table.libraries[library].address), start);
    bytes.writeBigUInt64LE(BigInt(table.libraries[library].sizeBytes), start + 8);
    bytes.write(library, start + 24, "latin1");
    bytes.write(PATH_PREFIX, libraryPathOffset(library), "latin1");
  }
  return bytes;
}
