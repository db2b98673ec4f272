/** So many objects take about a megabyte. */
export const BLOCK_OBJECTS = 32 * 1024;
const OBJECT_BYTES = 32;

/**
 * Some of the objects of a ledger, as columns over one block of memory. Together, they say how many entries have a file
 * like that, and which one if it is only one. See `docs/format.md`.
 */
export class ObjectBlock {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly fileSizes: Float64Array;
  readonly entryCounts: Uint32Array;
  readonly owners: Uint32Array;
  /** 4 words per object. */
  readonly ids: Int32Array;

  constructor(count: number) {
    const buffer = new ArrayBuffer(count * OBJECT_BYTES);
    this.count = count;
    this.bytes = new Uint8Array(buffer);
    this.fileSizes = new Float64Array(buffer, 0, count);
    this.entryCounts = new Uint32Array(buffer, 8 * count, count);
    this.owners = new Uint32Array(buffer, 12 * count, count);
    this.ids = new Int32Array(buffer, 16 * count, 4 * count);
  }

  /** How much all objects of a ledger take. */
  static totalBytes(objectCount: number): number {
    return objectCount * OBJECT_BYTES;
  }
}
