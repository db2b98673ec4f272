import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const root = join(import.meta.dir, "../..");

const SPECIFIER = /(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*"(\.[^"]+\.ts)"/g;

/** All source files, relative to the project. */
function sourceFiles(): string[] {
  return [...new Bun.Glob("src/**/*.ts").scanSync(root)].toSorted();
}

/** What each source file imports, types and lazily loaded modules included. */
export function importsOfSource(): Map<string, string[]> {
  return new Map(
    sourceFiles().map((file) => {
      const text = readFileSync(join(root, file), "utf8");
      const imported = [...text.matchAll(SPECIFIER)].map(([, specifier = ""]) =>
        relative(root, resolve(root, dirname(file), specifier)),
      );
      return [file, imported];
    }),
  );
}

/** The first folder below `src`, or the name of a file that lies in `src` itself. */
export function roomOf(file: string): string {
  return file.split("/")[1] ?? "";
}

/** Rows of the page's table that has a column "may import": each room with the rooms that it may import. */
export function allowedImports(page: string): Map<string, Set<string>> {
  const [, table = ""] = /^\| room \|.*\| may import \|\n\|[ -|]+\n((?:\|.*\n)+)/m.exec(page) ?? [];
  const rows = table.trimEnd().split("\n");
  return new Map(
    rows.map((row) => {
      const [, room = "", , allowed = ""] = row.split("|");
      const names = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
      return [names(room)[0] ?? "", new Set(names(allowed))];
    }),
  );
}
