import { expect, test } from "bun:test";
import { readDescriptorLimit } from "../../src/work/descriptor-limit.ts";

const limitIn = (text: string | undefined): number => readDescriptorLimit(() => text);

test("the limit of open files is the one that the kernel states; without one, there is none", () => {
  const lines = (soft: string): string =>
    `Limit                     Soft Limit           Hard Limit           Units     \nMax open files            ${soft.padEnd(21)}1048576              files     \nMax locked memory         8388608              8388608              bytes     \n`;
  expect(limitIn(lines("64"))).toBe(64);
  expect(limitIn(lines("unlimited"))).toBe(Number.POSITIVE_INFINITY);
  expect(limitIn(undefined)).toBe(Number.POSITIVE_INFINITY);
  expect(limitIn("")).toBe(Number.POSITIVE_INFINITY);
});
