/** Aligns cells in columns, two spaces apart. @param right which columns are right-aligned */
export function formatTable(rows: readonly (readonly string[])[], right: readonly boolean[]): string[] {
  const widths = right.map((_isRight, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return right[column] === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}
