import { cutMiddle } from "./cut-middle.ts";

const GAP = 2;
/** A cell that is cut shorter says nothing. */
const NARROWEST_COLUMNS = 12;

/**
 * Aligns cells in columns, two spaces apart; wide characters take two places.
 * @param right which columns are right-aligned
 * @param columns how wide the terminal is: cells of the first column are cut so that lines fit
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  right: readonly boolean[],
  columns?: number,
): string[] {
  const widths = right.map((_isRight, column) => measureCells(rows, column));
  const [first = 0, ...others] = widths;
  const rest = others.reduce((sum, width) => sum + GAP + width, 0);
  const room = columns === undefined ? first : Math.min(first, Math.max(columns - rest, NARROWEST_COLUMNS));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const text = column === 0 ? cutMiddle(cell, room) : cell;
        const padding = " ".repeat((column === 0 ? room : (widths[column] ?? 0)) - Bun.stringWidth(text));
        return right[column] === true ? padding + text : text + padding;
      })
      .join(" ".repeat(GAP))
      .trimEnd(),
  );
}

function measureCells(rows: readonly (readonly string[])[], column: number): number {
  return rows.reduce((width, row) => Math.max(width, Bun.stringWidth(row[column] ?? "")), 0);
}
