import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { listObjectsInShard } from "../../src/objects/list-objects.ts";
import { nameObject } from "../../src/objects/object-name.ts";
import { manifestOf } from "../support/listed-manifest.ts";
import { directory, file } from "../support/listed-tree.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

test("foreign files are not listed as objects", () => {
  const objects = scratch.freshDirectory();
  const name = nameObject(manifestOf(directory({ f: file() })), 0);
  mkdirSync(join(objects, "00"));
  mkdirSync(join(objects, "01"));
  for (const path of [`00/${name}`, "00/README", `01/${name}`, `00/${name}.tmp`, name]) {
    writeFileSync(join(objects, path), "x");
  }
  expect(listObjectsInShard(bytesFromText(objects), "00").map((object) => object.name)).toEqual([name]);
  expect(listObjectsInShard(bytesFromText(scratch.fresh()), "00")).toEqual([]);
});
