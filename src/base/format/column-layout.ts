/** Where columns begin that stand one behind the other in a block of memory. */
export interface ColumnLayout {
  /** The next column; answers its offset. */
  readonly column: (count: number, elementBytes: number) => number;
  /** One past the last column so far. */
  readonly endBytes: () => number;
}

/** @param startBytes what stands before the first column */
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
