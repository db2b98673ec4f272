import { expect, test } from "bun:test";
import { chooseGrace } from "../../src/upkeep/choose-grace.ts";

const MINUTE_MS = 60_000;

test("the grace of a clean depends on the file system's locks and listings", () => {
  expect(chooseGrace(true, false)).toEqual({ anyMs: 0, unneededMs: 0 });
  expect(chooseGrace(true, true)).toEqual({ anyMs: 0, unneededMs: 10 * MINUTE_MS });
  expect(chooseGrace(false, false)).toEqual({ anyMs: 24 * 60 * MINUTE_MS, unneededMs: 0 });
});
