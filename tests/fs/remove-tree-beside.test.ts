import { expect, mock, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { type ByteString, bytesFromText } from "../../src/base/byte-string.ts";
import * as calls from "../../src/fs/native/path-calls.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

/** Does something right after each attempt to unlink a certain path. */
function afterUnlinking(isMeant: (path: string) => boolean, action: () => void) {
  const original = calls.unlink;
  const unlink = (path: ByteString): void => {
    try {
      original(path);
    } finally {
      if (isMeant(path)) action();
    }
  };
  return mock.module("../../src/fs/native/path-calls.ts", () => ({ ...calls, unlink }));
}

test("a directory that another process removes meanwhile counts as removed, and the rest goes as well", async () => {
  const tree = scratch.directory("tree");
  for (const name of ["a", "b", "c"]) fs.mkdirSync(join(tree, name));
  let isRemoved = false;
  await afterUnlinking(
    (path) => path.endsWith("/b"),
    () => {
      fs.rmdirSync(join(tree, "b"));
      isRemoved = true;
    },
  );
  const { removeTree } = await import("../../src/fs/remove-tree.ts");
  removeTree(bytesFromText(tree));
  expect(isRemoved).toBe(true);
  expect(fs.existsSync(tree)).toBe(false);
});
