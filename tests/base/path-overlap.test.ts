import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { findPathOverlap } from "../../src/base/path-overlap.ts";

const names = fc.array(fc.constantFrom("a", "b", "ab", "a-"), { minLength: 1, maxLength: 4 });
const relative = fc.oneof(
  names.map((list) => list.join("/")),
  fc.constant("."),
);
const absolute = fc.oneof(
  names.map((list) => `/${list.join("/")}`),
  fc.constant("/"),
);

function isOrContains(outer: string, inner: string): boolean {
  if (outer === "." || outer === "/") return true;
  return `${inner}/`.startsWith(`${outer}/`);
}

for (const [kind, path] of [
  ["relative", relative],
  ["absolute", absolute],
] as const) {
  test(`finds two ${kind} paths that are not apart exactly when there are some`, () => {
    fc.assert(
      fc.property(fc.array(path, { maxLength: 6 }), (paths) => {
        const overlaps = paths.some((inner, index) =>
          paths.some((outer, other) => index !== other && isOrContains(outer, inner)),
        );
        const found = findPathOverlap(paths);
        expect(found !== undefined).toBe(overlaps);
        if (found === undefined) return;
        expect(found.inner).not.toBe(found.outer);
        expect(isOrContains(paths[found.outer] ?? "", paths[found.inner] ?? "")).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
}

test("a hundred thousand paths", () => {
  const paths = Array.from({ length: 100_000 }, (_, index) => `p/${index % 100}/${index}`);
  expect(findPathOverlap(paths)).toBeUndefined();
  expect(findPathOverlap([...paths, "p/7"])).toEqual({ inner: 7, outer: 100_000 });
});
