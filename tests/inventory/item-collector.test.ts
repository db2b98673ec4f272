import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { ItemCollector } from "../../src/inventory/item-collector.ts";

const MANY_SETS = 65_540;
const columns = fc.array(fc.array(fc.integer({ min: -2, max: 3000 }), { maxLength: 50 }), { maxLength: 10 });

test("a set has each item once, in the order in which they came", () => {
  fc.assert(
    fc.property(fc.array(columns, { maxLength: 5 }), (sets) => {
      const collector = new ItemCollector();
      for (const parts of sets) {
        collector.begin();
        for (const [index, part] of parts.entries()) {
          const items = part.filter((item) => item >= 0);
          if (index % 3 === 0) collector.addColumn(Int32Array.from(part));
          else if (index % 3 === 1) collector.addAll(Uint32Array.from(items));
          else for (const item of items) collector.add(item);
        }
        const expected = new Set(parts.flat().filter((item) => item >= 0));
        expect([...collector.list()]).toEqual([...expected]);
      }
    }),
  );
});

test("what an earlier set had is not taken for what this one has, however many there were", () => {
  const collector = new ItemCollector();
  collector.begin();
  collector.addAll(Uint32Array.of(5, 6));
  for (let set = 0; set < MANY_SETS; set++) {
    collector.begin();
    expect(collector.list()).toHaveLength(0);
    collector.add(set % 5);
  }
  collector.begin();
  collector.addAll(Uint32Array.of(0, 5, 6, 5));
  expect([...collector.list()]).toEqual([0, 5, 6]);
});
