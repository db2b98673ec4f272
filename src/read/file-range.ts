import { BtdtError } from "../base/errors.ts";
import { type FileGroup, sliceGroups } from "./file-groups.ts";

/** Consecutive files of the manifest. */
export interface FileRange {
  readonly firstFile: number;
  readonly groups: readonly FileGroup[];
  readonly fileCount: number;
}

/**
 * The rest of a range, in parts about as large as what was read: the files may be large.
 * @throws BtdtError CANCELLED if nothing was read
 */
export function splitRest({ firstFile, groups, fileCount }: FileRange, readCount: number): FileRange[] {
  const restCount = fileCount - readCount;
  if (restCount === 0) return [];
  if (readCount === 0) throw new BtdtError("CANCELLED", "stopped before all files were read");
  const partCount = Math.max(1, Math.round(restCount / readCount));
  const borders = Array.from({ length: partCount + 1 }, (_, part) => {
    return readCount + Math.round((restCount * part) / partCount);
  });
  return borders.slice(1).map((end, part) => {
    const start = borders[part] ?? 0;
    return { firstFile: firstFile + start, groups: sliceGroups(groups, start, end), fileCount: end - start };
  });
}
