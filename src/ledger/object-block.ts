/** So many objects take about a megabyte. */
export const BLOCK_OBJECTS = 16 * 1024;
const OBJECT_BYTES = 62;

/**
 * Some of the objects of a ledger, as columns over one block of memory. They have the names that they have in a
 * manifest, and together with `entryCounts` and `owners` say how many entries have a file like that, and which one if it is only one. See `docs/format.md`.
 */
export class ObjectBlock {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly fileSizes: Float64Array;
  readonly fileMtimeSeconds: Float64Array;
  readonly fileMtimeNanoseconds: Uint32Array;
  readonly entryCounts: Uint32Array;
  readonly owners: Uint32Array;
  /** 32 bytes per object. */
  readonly fileDigests: Buffer;
  readonly fileModes: Uint16Array;

  constructor(count: number) {
    const buffer = new ArrayBuffer(count * OBJECT_BYTES);
    this.count = count;
    this.bytes = new Uint8Array(buffer);
    this.fileSizes = new Float64Array(buffer, 0, count);
    this.fileMtimeSeconds = new Float64Array(buffer, 8 * count, count);
    this.fileMtimeNanoseconds = new Uint32Array(buffer, 16 * count, count);
    this.entryCounts = new Uint32Array(buffer, 20 * count, count);
    this.owners = new Uint32Array(buffer, 24 * count, count);
    this.fileDigests = Buffer.from(buffer, 28 * count, 32 * count);
    this.fileModes = new Uint16Array(buffer, 60 * count, count);
  }

  /** How much all objects of a ledger take. */
  static totalBytes(objectCount: number): number {
    return objectCount * OBJECT_BYTES;
  }
}
