import { expect, test } from "bun:test";
import { readSources } from "./sources.ts";

/**
 * What a reader passes over at the end of a name, with the case of its letters: number, tense, who does it, whose it
 * is, and where it runs. What names a role (`StoreRequest`, `StoreResult`) is no such ending.
 */
const ENDING = /(?:s|es|d|ed|r|er|or|ing|Of|Job)$/;

const EXPORT =
  /^export (?:abstract |async |declare )?(?:function|class|const|let|type|interface|enum) (\w+)/gm;

interface ExportedName {
  readonly name: string;
  readonly file: string;
}

const exported: ExportedName[] = readSources().flatMap((source) =>
  [...source.text.matchAll(EXPORT)].map(([, name = ""]) => ({ name, file: source.name })),
);

function groupBy(keyOf: (each: ExportedName) => string): ExportedName[][] {
  return [...Map.groupBy(exported, keyOf).values()].filter((group) => group.length > 1);
}

test("no two files export the same name", () => {
  expect(groupBy(({ name }) => name)).toEqual([]);
});

test("no two exported names differ by an ending only, or by the case of their letters", () => {
  const alike = groupBy(({ name }) => name.replace(ENDING, "").toLowerCase()).map((group) =>
    group
      .map(({ name }) => name)
      .toSorted()
      .join(" "),
  );
  expect(alike).toEqual([]);
});
