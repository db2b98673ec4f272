import { describe, expect, test } from "bun:test";
import {
  assertHasTarget,
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

test("a symlink may point anywhere, but needs a target", () => {
  for (const target of ["b", "..", "/etc/passwd", "b/../../../c"])
    expect(() => assertHasTarget(bytes("a"), bytes(target))).not.toThrow();
  for (const target of ["", "b\0"])
    expect(() => assertHasTarget(bytes("a"), bytes(target))).toThrow("the archive is rejected");
});

test("a path is used once, but for a directory", () => {
  expect(() => assertUnused(bytes("a"), undefined, "file")).not.toThrow();
  expect(() => assertUnused(bytes("a"), "implied", "directory")).not.toThrow();
  expect(() => assertUnused(bytes("a"), "implied", "file")).toThrow("is in it twice");
  expect(() => assertUnused(bytes("a"), "directory", "directory")).not.toThrow();
  expect(() => assertUnused(bytes("a"), "directory", "file")).toThrow("is in it twice");
  expect(() => assertUnused(bytes("a"), "symlink", "directory")).toThrow("is in it twice");
  expect(() => assertUnused(bytes("a"), "file", "hardlink")).toThrow("is in it twice");
});

test("ancestors are listed from the top", () => {
  expect(listAncestors(bytes("a/b/c"))).toEqual([bytes("a"), bytes("a/b")]);
  expect(listAncestors(bytes("a"))).toEqual([]);
});
