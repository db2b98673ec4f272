import { expect, test } from "bun:test";
import { ItemSpace } from "../../src/inventory/item-space.ts";

test("what does not fit into 4 bytes is as exact as everything else, and so is what was measured before", () => {
  const space = new ItemSpace([]);
  const sizes = [512, 2 ** 32 - 512, 0, 2 ** 32, 2 ** 52 + 512, 4096];
  for (const [item, bytes] of sizes.entries()) space.set(item, bytes, 4 + 2 * item);
  expect([...space.measure(sizes.length)]).toEqual(sizes);
  const before = space.measure(2);
  space.set(sizes.length, 1, 100);
  expect([...before]).toEqual(sizes.slice(0, 2));
  expect(sizes.map((_, item) => space.of(item))).toEqual(sizes);
});

test("parts of packs take fractions", () => {
  const space = new ItemSpace([0.5, 1.25]);
  space.set(2, 4096, 10);
  expect([...space.measure(3)]).toEqual([0.5, 1.25, 4096]);
});

test("half the memory is enough for most caches", () => {
  const space = new ItemSpace([]);
  space.set(0, 2 ** 32 - 1, 10);
  expect(space.measure(1).BYTES_PER_ELEMENT).toBe(4);
});
