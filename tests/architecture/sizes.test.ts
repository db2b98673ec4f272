import { expect, test } from "bun:test";
import { readSources } from "./sources.ts";

const LONGEST_LINES = 220;
const MEDIAN_LINES = 70;

const sizes = readSources().map(({ name, text }) => ({ name, lines: text.split("\n").length - 1 }));

test(`no source file has more than ${LONGEST_LINES} lines`, () => {
  expect(sizes.filter(({ lines }) => lines > LONGEST_LINES)).toEqual([]);
});

test(`half of the source files have at most ${MEDIAN_LINES} lines`, () => {
  const lines = sizes.map((each) => each.lines).toSorted((left, right) => left - right);
  expect(lines[Math.floor(lines.length / 2)]).toBeLessThanOrEqual(MEDIAN_LINES);
});
