import { expect, test } from "bun:test";
import { existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { listObjectsInShard } from "../../src/objects/list-objects.ts";
import { nameObject } from "../../src/objects/object-name.ts";
import { removeChangedObject } from "../../src/objects/remove-changed-object.ts";
import { manifestOf } from "../support/listed-manifest.ts";
import { directory, file } from "../support/listed-tree.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

test("removes an object only when it is not what its name says", () => {
  const objects = scratch.freshDirectory();
  const manifest = manifestOf(directory({ f: file({ size: 3, mtime: { seconds: 5, nanoseconds: 0 } }) }));
  const name = nameObject(manifest, 0);
  mkdirSync(join(objects, name.slice(0, 2)));
  const path = join(objects, name.slice(0, 2), name);
  const remove = () => removeChangedObject(bytesFromText(objects), manifest, 0);

  remove();
  writeFileSync(path, "abc", { mode: 0o644 });
  utimesSync(path, 5, 5);
  remove();
  expect(existsSync(path)).toBe(true);
  writeFileSync(path, "abd");
  remove();
  expect(existsSync(path)).toBe(false);
});

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
