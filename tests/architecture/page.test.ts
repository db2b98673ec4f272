import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { roomOf } from "./imports.ts";
import { namesIn, page, readTable } from "./page.ts";
import { readSources, root } from "./sources.ts";

/** As the page writes them: from the project, or from `src`. */
function isThere(file: string): boolean {
  return existsSync(join(root, file)) || existsSync(join(root, "src", file));
}

test("every file that the page names exists", () => {
  const named = page.match(/(?<![\w/.-])[\w.-]+(?:\/[\w.-]+)*\.(?:ts|md|json|sh|c)\b/g) ?? [];
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((file) => !isThere(file) && !isThere(join("docs", file)))).toEqual([]);
});

test("every behaviour has one file, and all rooms but the ground floor have one", () => {
  const files = readTable("behaviour").map(([, file = ""]) => namesIn(file));
  expect(files.filter((names) => names.length !== 1)).toEqual([]);
  expect(files.length).toBeGreaterThanOrEqual(20);
  const rooms = new Set(files.flat().map((file) => roomOf(`src/${file}`)));
  const sources = new Set(readSources().map(({ name }) => roomOf(name)));
  for (const ground of ["base", "main.ts", "worker.ts"]) sources.delete(ground);
  expect([...sources].filter((room) => !rooms.has(room))).toEqual([]);
});

test("every word of the glossary is explained once", () => {
  const words = readTable("word").map(([word = ""]) => word);
  expect(words.length).toBeGreaterThanOrEqual(20);
  expect(words.filter((word, index) => words.indexOf(word) !== index)).toEqual([]);
});
