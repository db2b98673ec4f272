import { describe, expect, test } from "bun:test";
import {
  assertPointsInside,
  assertUnused,
  listAncestors,
  normalizePath,
} from "../../src/archive/extract-rules.ts";
import type { ByteString } from "../../src/base/byte-string.ts";

const bytes = (text: string): ByteString => text as ByteString;

describe("a path", () => {
  test("loses its dots", () => {
    expect(normalizePath(bytes("./a/./b"))).toBe(bytes("a/b"));
    for (const root of ["", ".", "./", "././"]) expect(normalizePath(bytes(root))).toBe(bytes(""));
  });

  for (const path of ["/", "/a", "a//b", "..", "a/..", "../a", "a/../../b", "a\0b", "n".repeat(256)]) {
    test(`${JSON.stringify(path.slice(0, 20))} is rejected`, () => {
      expect(() => normalizePath(bytes(path))).toThrow("the archive is rejected");
    });
  }
});

describe("a symlink", () => {
  const accepted = [
    ["a", "b"],
    ["a", "."],
    ["a", "b/c"],
    ["d/a", "../b"],
    ["d/e/a", "../../b"],
    ["d/e/a", "../.././/b"],
  ];
  for (const [path = "", target = ""] of accepted) {
    test(`at ${path} may point to ${target}`, () => {
      expect(() => assertPointsInside(bytes(path), bytes(target))).not.toThrow();
    });
  }
  const refused = [
    ["a", ".."],
    ["a", "../b"],
    ["d/a", "../../b"],
    ["a", "/"],
    ["a", "/etc/passwd"],
    ["d/e/a", "b/../../../c"],
    ["d/e/a", "../b/.."],
    ["a", ""],
    ["a", "b\0"],
  ];
  for (const [path = "", target = ""] of refused) {
    test(`at ${path} must not point to ${JSON.stringify(target)}`, () => {
      expect(() => assertPointsInside(bytes(path), bytes(target))).toThrow("the archive is rejected");
    });
  }
});

test("a path is used once, but for a directory that was implied", () => {
  expect(() => assertUnused(bytes("a"), undefined, "file")).not.toThrow();
  expect(() => assertUnused(bytes("a"), "implied", "directory")).not.toThrow();
  expect(() => assertUnused(bytes("a"), "implied", "file")).toThrow("is in it twice");
  expect(() => assertUnused(bytes("a"), "directory", "directory")).toThrow("is in it twice");
  expect(() => assertUnused(bytes("a"), "file", "hardlink")).toThrow("is in it twice");
});

test("ancestors are listed from the top", () => {
  expect(listAncestors(bytes("a/b/c"))).toEqual([bytes("a"), bytes("a/b")]);
  expect(listAncestors(bytes("a"))).toEqual([]);
});
