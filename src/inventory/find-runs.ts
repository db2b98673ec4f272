import { compileLightly, compileMethodsLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import type { Manifest } from "../manifest/manifest.ts";

/** The 16-bit numbers of a digest: digests in manifests are aligned for these, not for larger ones. */
const DIGEST_HALVES = DIGEST_SIZE_BYTES / 2;
/** Few enough to waste little where digests are the same and times are not. */
const STEP_FILES = 64;

/**
 * Where two manifests are alike: entries of a cache often have mostly the same files, in the same order. Files are alike
 * only if their digests, attributes and sizes are the same.
 * @returns for each run of such files the first one, that in the earlier manifest, and how many there are
 */
export function findRuns(manifest: Manifest, earlier: Manifest): Uint32Array {
  const pair = new ManifestPair(manifest, earlier);
  const { fileCount } = manifest.counts;
  const runs: number[] = [];
  let shift = 0;
  let missCount = 0;
  for (let file = 0; file < fileCount; ) {
    const end = pair.findEnd(file, shift);
    if (end > file) {
      runs.push(file, file + shift, end - file);
      file = end;
      missCount = 0;
      continue;
    }
    missCount += 1;
    // The more files differ, the farther it looks for the place where they are alike again, and the less often.
    const isPowerOfTwo = (missCount & (missCount - 1)) === 0;
    const found = missCount > 1 && isPowerOfTwo ? pair.findShift(file, shift, missCount) : shift;
    if (found === shift) file += 1;
    shift = found;
  }
  return Uint32Array.from(runs);
}

interface ColumnPair {
  readonly bytes: Buffer;
  readonly others: Buffer;
  readonly fileBytes: number;
  /** As far as both have files, they are the same. */
  readonly isSame: boolean;
}

class ManifestPair {
  private readonly columns: readonly ColumnPair[];
  private readonly fileCount: number;
  private readonly otherCount: number;
  private readonly halves: Uint16Array;
  private readonly otherHalves: Uint16Array;

  constructor(manifest: Manifest, earlier: Manifest) {
    this.fileCount = manifest.counts.fileCount;
    this.otherCount = earlier.counts.fileCount;
    this.halves = halvesOf(manifest.fileDigests);
    this.otherHalves = halvesOf(earlier.fileDigests);
    const others = columnsOf(earlier);
    this.columns = columnsOf(manifest).flatMap((column, index) => {
      const other = others[index];
      return other === undefined ? [] : pairColumns(column, other, this.fileCount, this.otherCount);
    });
  }

  /** Where the run of alike files ends that begins at `file`; `file` itself if there is none. */
  findEnd(file: number, shift: number): number {
    if (file + shift < 0) return file;
    const limit = Math.min(this.fileCount, this.otherCount - shift);
    let end = file;
    for (;;) {
      const mostEnd = Math.min(end + STEP_FILES, limit);
      const likely = this.findLikelyEnd(end, mostEnd, shift);
      const next = this.areAlike(end, likely, shift) ? likely : this.bisectEnd(end, likely, shift);
      if (next < mostEnd || next === limit) return next;
      end = next;
    }
  }

  /** Where the beginnings of digests differ, which is nearly always where the files do. */
  private findLikelyEnd(first: number, end: number, shift: number): number {
    const { halves, otherHalves } = this;
    let half = first * DIGEST_HALVES;
    let otherHalf = (first + shift) * DIGEST_HALVES;
    for (let file = first; file < end; file++) {
      if (halves[half] !== otherHalves[otherHalf]) return file;
      half += DIGEST_HALVES;
      otherHalf += DIGEST_HALVES;
    }
    return end;
  }

  /** The end of a run that does not reach `end`. */
  private bisectEnd(first: number, end: number, shift: number): number {
    let [low, high] = [first, end];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.areAlike(low, middle, shift)) low = middle;
      else high = middle;
    }
    return low < end && this.areAlike(low, low + 1, shift) ? low + 1 : low;
  }

  /** How far from a file the one like it is in the earlier manifest; `shift` if it is not near that. */
  findShift(file: number, shift: number, distance: number): number {
    const center = file + shift;
    const start = Math.max(0, center - 2 * distance);
    const stop = Math.min(this.otherCount, center + 2 * distance);
    const { halves, otherHalves } = this;
    const half = halves[file * DIGEST_HALVES];
    for (let other = start; other < stop; other++) {
      if (otherHalves[other * DIGEST_HALVES] === half && this.areAlike(file, file + 1, other - file))
        return other - file;
    }
    return shift;
  }

  private areAlike(first: number, end: number, shift: number): boolean {
    for (const { bytes, others, fileBytes, isSame } of this.columns) {
      if (isSame && shift === 0) continue;
      const [otherStart, otherStop] = [(first + shift) * fileBytes, (end + shift) * fileBytes];
      if (bytes.compare(others, otherStart, otherStop, first * fileBytes, end * fileBytes) !== 0)
        return false;
    }
    return true;
  }
}

function pairColumns(column: Column, other: Column, fileCount: number, otherCount: number): ColumnPair[] {
  if (fileCount === 0 || otherCount === 0) return [];
  const fileBytes = column.byteLength / fileCount;
  const [bytes, others] = [bytesOf(column), bytesOf(other)];
  const sharedBytes = Math.min(fileCount, otherCount) * fileBytes;
  const isSame = bytes.compare(others, 0, sharedBytes, 0, sharedBytes) === 0;
  return [{ bytes, others, fileBytes, isSame }];
}

type Column = Float64Array | Uint32Array | Uint16Array | Uint8Array;

/** Everything that makes two files alike, digests first, because these are what mostly differs. */
function columnsOf(manifest: Manifest): readonly Column[] {
  const { fileDigests, fileSizes, fileMtimeSeconds, fileMtimeNanoseconds, fileModes } = manifest;
  return [fileDigests, fileMtimeNanoseconds, fileMtimeSeconds, fileSizes, fileModes];
}

function halvesOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint16Array {
  return new Uint16Array(buffer, byteOffset, byteLength / 2);
}

function bytesOf({ buffer, byteOffset, byteLength }: Column): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

compileLightly(findRuns);
compileMethodsLightly(ManifestPair);
