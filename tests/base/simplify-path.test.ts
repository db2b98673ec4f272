import { expect, test } from "bun:test";
import { posix } from "node:path";
import * as fc from "fast-check";
import { simplifyPath } from "../../src/base/simplify-path.ts";

test("a path is normalised as by node:path", () => {
  const parts = fc.array(fc.constantFrom("/", "//", ".", "..", "...", "a", "b/", "./", "../", "\u00e9"), {
    maxLength: 9,
  });
  fc.assert(
    fc.property(parts, (pieces) => {
      const path = pieces.join("");
      expect(simplifyPath(path)).toBe(posix.normalize(path));
    }),
    { numRuns: 5000 },
  );
});
