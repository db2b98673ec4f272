import { expect, test } from "bun:test";
import { realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { type Destination, examineDestination } from "../../src/restore/destination.ts";
import { catchError } from "../support/catch-error.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

function examine(path: string, parents?: "existing" | "made", cacheRoot = "/nonexistent"): Destination {
  return examineDestination(bytesFromText(path), bytesFromText(cacheRoot), parents);
}

function resolved(...names: string[]): Destination["path"] {
  return bytesFromText([realpathSync(scratch.path()), ...names].join("/"));
}

test("nothing there, or an empty directory, is free to be taken by one rename", () => {
  const parent = resolved();
  expect(examine(scratch.path("new"))).toEqual({
    kind: "free",
    path: resolved("new"),
    parent,
    missingParents: [],
  });
  const empty = scratch.directory("empty");
  expect(examine(`${empty}//`)).toEqual({
    kind: "free",
    path: resolved("empty"),
    parent,
    missingParents: [],
  });
});

test("a file is a file, a directory that holds something stays the one it is", () => {
  writeFileSync(scratch.path("file"), "");
  expect(examine(scratch.path("file"))).toEqual({ kind: "file", path: resolved("file"), parent: resolved() });
  scratch.directory("full", "inner");
  expect(examine(scratch.path("full"))).toEqual({ kind: "directory", path: resolved("full") });
});

test("so does the working directory, although it is empty", () => {
  const before = process.cwd();
  process.chdir(scratch.directory("here"));
  try {
    expect(examine(".")).toEqual({ kind: "directory", path: resolved("here") });
  } finally {
    process.chdir(before);
  }
});

testWith(["mount"], "and an empty mount point", () => {
  expect(examine(mountTmpfs(scratch, "mount"))).toEqual({ kind: "directory", path: resolved("mount") });
});

test("the root directory is never replaced", () => {
  expect(examine("/")).toEqual({ kind: "directory", path: bytesFromText("/") });
});

test("a symlink to a directory is followed; one that leads nowhere is an error", () => {
  scratch.directory("real", "inner");
  symlinkSync("real", scratch.path("link"));
  expect(examine(scratch.path("link"))).toEqual({ kind: "directory", path: resolved("real") });
  symlinkSync("nowhere", scratch.path("dangling"));
  expect(catchError(() => examine(scratch.path("dangling")))).toMatchObject({
    code: "DESTINATION_CONFLICT",
  });
});

test("missing parents to create are listed outermost first", () => {
  expect(examine(scratch.path("a/b/c"), "made")).toEqual({
    kind: "free",
    path: resolved("a", "b", "c"),
    parent: resolved(),
    missingParents: [resolved("a"), resolved("a", "b")],
  });
  expect(catchError(() => examine(scratch.path("a/b/c")))).toMatchObject({
    code: "DESTINATION_PARENT_MISSING",
    hint: `mkdir -p ${scratch.path("a/b")}`,
  });
});

test("no parent is created if .. leads out of a missing one", () => {
  expect(catchError(() => examine(scratch.path("a") + "/../b/c", "made"))).toMatchObject({
    code: "DESTINATION_PARENT_MISSING",
  });
});

test("a parent that is a file is an error", () => {
  writeFileSync(scratch.path("file"), "");
  expect(catchError(() => examine(scratch.path("file/inner")))).toMatchObject({
    code: "DESTINATION_NOT_WRITABLE",
  });
});

test("nothing is restored into the cache's own directory, by whatever way it is reached", () => {
  const root = scratch.directory("cache", "btdt-v1");
  symlinkSync(root, scratch.path("link"));
  for (const path of [root, `${root}/new`, scratch.path("link", "new")]) {
    expect(catchError(() => examine(path, "existing", root))).toMatchObject({
      code: "DESTINATION_INSIDE_CACHE",
    });
  }
  expect(examine(scratch.path("cache", "beside"), "existing", root)).toMatchObject({ kind: "free" });
});
