import { expect, mock, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

/** Does something right after each call of a function of `node:fs` with a certain path. */
function after(call: "unlinkSync" | "readdirSync", isMeant: (path: string) => boolean, action: () => void) {
  const original = fs[call] as (...parameters: unknown[]) => unknown;
  const replaced = (...parameters: unknown[]): unknown => {
    try {
      return original(...parameters);
    } finally {
      if (isMeant(String(parameters[0]))) action();
    }
  };
  return mock.module("node:fs", () => ({ ...fs, [call]: replaced }));
}

test("a directory that another process removes meanwhile counts as removed, and the rest goes as well", async () => {
  const tree = scratch.directory("tree");
  for (const name of ["a", "b", "c"]) fs.mkdirSync(join(tree, name));
  await after(
    "unlinkSync",
    (path) => path.endsWith("/b"),
    () => fs.rmdirSync(join(tree, "b")),
  );
  const { removeTree } = await import("../../src/fs/remove-tree.ts");
  removeTree(bytesFromText(tree));
  expect(fs.existsSync(tree)).toBe(false);
});
