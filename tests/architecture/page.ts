import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./sources.ts";

/** `docs/architecture.md`, which the code is held to. */
export const page = readFileSync(join(root, "docs/architecture.md"), "utf8");

/** The rows, as cells, of the table whose first column has this heading. */
export function readTable(firstHeading: string): string[][] {
  const [, table = ""] =
    new RegExp(`^\\| ${firstHeading} \\|.*\\n\\|[ :|-]+\\n((?:\\|.*\\n?)+)`, "m").exec(page) ?? [];
  return table
    .trimEnd()
    .split("\n")
    .map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** What stands between backticks in some text. */
export function namesIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
}

/** Each row's room with the rooms that it may import. */
export function allowedImports(firstHeading: string): Map<string, Set<string>> {
  return new Map(
    readTable(firstHeading).map(([room = "", , allowed = ""]) => [
      namesIn(room)[0] ?? "",
      new Set(namesIn(allowed)),
    ]),
  );
}
