import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { buildContentTable, findContent } from "../../../src/packs/contents/content-table.ts";
import { CONTENT_ID_BYTES } from "../../../src/packs/format/index-layout.ts";
import { allocateClaims, claimContent } from "../../../src/packs/write/content-claims.ts";

// Few values for the first bytes, so that many share a slot.
const ids = fc.uniqueArray(
  fc
    .tuple(fc.nat({ max: 3 }), fc.uint8Array({ minLength: 15, maxLength: 15 }))
    .map(([first, rest]) => Buffer.from([first, ...rest])),
  { selector: (id) => id.toString("hex"), maxLength: 60 },
);

test("every content is found under its number, and no other", () => {
  fc.assert(
    fc.property(ids, ids, (known, others) => {
      const table = buildContentTable([Buffer.concat(known.slice(0, 7)), Buffer.concat(known.slice(7))]);
      for (const [number, id] of known.entries()) expect(findContent(table, id, 0)).toBe(number);
      const names = new Set(known.map((id) => id.toString("hex")));
      for (const id of others) if (!names.has(id.toString("hex"))) expect(findContent(table, id, 0)).toBe(-1);
    }),
  );
});

test("of equal contents the first wanted one is found", () => {
  const id = Buffer.alloc(CONTENT_ID_BYTES, 5);
  expect(findContent(buildContentTable([id, id, id], Uint8Array.of(1, 0, 0)), id, 0)).toBe(1);
});

test("a content is claimed once", () => {
  fc.assert(
    fc.property(ids, (contents) => {
      const claims = allocateClaims();
      const padded = contents.map((id) => Buffer.concat([id, id]));
      const claimed = padded.filter((id) => claimContent(claims, id, 0)).length;
      expect(claimed).toBeGreaterThan(contents.length > 0 ? 0 : -1);
      expect(padded.filter((id) => claimContent(claims, id, 0))).toEqual([]);
    }),
    { numRuns: 20 },
  );
});
