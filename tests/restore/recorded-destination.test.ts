import { afterEach, beforeEach, expect, test } from "bun:test";
import { realpathSync, symlinkSync } from "node:fs";
import { bytesFromText } from "../../src/base/byte-string.ts";
import type { Destination } from "../../src/restore/destination.ts";
import { examineRecordedDestination } from "../../src/restore/recorded-destination.ts";
import { catchError } from "../support/catch-error.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const before = process.cwd();
let here = "";

beforeEach(() => {
  process.chdir(scratch.directory("here"));
  here = realpathSync(".");
});
afterEach(() => process.chdir(before));

function examine(path: string, cacheRoot = "/nonexistent"): Destination {
  return examineRecordedDestination(path, bytesFromText(cacheRoot));
}

test("a recorded path is relative to the working directory, and its parents may be missing", () => {
  expect(examine("a/b")).toEqual({
    kind: "free",
    path: bytesFromText(`${here}/a/b`),
    parent: bytesFromText(here),
    missingParents: [bytesFromText(`${here}/a`)],
  });
  expect(examine(".")).toEqual({ kind: "directory", path: bytesFromText(here) });
});

test("no symlink is followed, on the way or at its end, inside or out", () => {
  const outside = scratch.directory("outside");
  scratch.directory("here", "real");
  symlinkSync(outside, "out");
  symlinkSync("real", "in");
  symlinkSync("nowhere", "dangling");
  for (const path of ["out", "out/x", "in", "in/x/y", "dangling", "dangling/x"]) {
    expect(catchError(() => examine(path))).toMatchObject({
      code: "DESTINATION_CONFLICT",
      path: path.split("/")[0],
    });
  }
  expect(examine("real/x")).toMatchObject({ kind: "free", missingParents: [] });
});

test("a cache in the working directory is not a valid destination", () => {
  scratch.directory("here", "cache", "btdt-v1", "keys");
  expect(catchError(() => examine("cache/btdt-v1/keys", "cache/btdt-v1"))).toMatchObject({
    code: "DESTINATION_INSIDE_CACHE",
  });
});
