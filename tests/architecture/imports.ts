import { dirname, relative, resolve } from "node:path";
import { readSources, root } from "./sources.ts";

const SPECIFIER = /(?:\bfrom|\bimport|\bimport\(|\brequire\()\s*"(\.[^"]+\.ts)"/g;

/** What each source file imports, types and lazily loaded modules included. */
export function importsOfSource(): Map<string, string[]> {
  return new Map(
    readSources().map(({ name, text }) => {
      const imported = [...text.matchAll(SPECIFIER)].map(([, specifier = ""]) =>
        relative(root, resolve(root, dirname(name), specifier)),
      );
      return [name, imported];
    }),
  );
}

/** The first folder below `src`, or the name of a file that lies in `src` itself. */
export function roomOf(file: string): string {
  return file.split("/")[1] ?? "";
}

/** The folder below `src/packs` that a file lies in; undefined for files of other rooms. */
export function partOfPacks(file: string): string | undefined {
  return roomOf(file) === "packs" ? file.split("/")[2] : undefined;
}
