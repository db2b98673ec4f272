/** The offsets of consecutive columns in a block of memory. */
export interface ColumnLayout {
  /** Adds a column and returns its offset. */
  readonly column: (count: number, elementBytes: number) => number;
  /** The end of the last column so far. */
  readonly endBytes: () => number;
}

/** @param startBytes the size of what precedes the first column */
export function layOutColumns(startBytes: number): ColumnLayout {
  let offset = startBytes;
  return {
    column: (count, elementBytes) => {
      const start = offset;
      offset += count * elementBytes;
      return start;
    },
    endBytes: () => offset,
  };
}
