import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Of the project; the names of all files are relative to it. */
export const root = join(import.meta.dir, "../..");

export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** All files below `src`, in the order of their names. */
export function readSources(): SourceFile[] {
  const names = [...new Bun.Glob("src/**/*.ts").scanSync(root)].toSorted();
  return names.map((name) => ({ name, text: readFileSync(join(root, name), "utf8") }));
}
