import { expect, test } from "bun:test";
import type { ByteString } from "../../src/base/byte-string.ts";
import { emptyStatus } from "../../src/fs/native/file-status.ts";
import { PathBuffer } from "../../src/fs/native/path-buffer.ts";
import { attributesOfFile } from "../../src/manifest/attributes-of-file.ts";
import { isWhole, objectAttributes } from "../../src/objects/object-attributes.ts";
import { manifestOf } from "../support/listed-manifest.ts";
import { directory, file } from "../support/listed-tree.ts";

const path = new PathBuffer().set("/nowhere/object" as ByteString);
const manifest = manifestOf(directory({ f: file({ mode: 0o4755, size: 5 }) }));

test("an object has the permissions of its file, without special bits; all else is the file's", () => {
  const attributes = attributesOfFile(manifest, 0);
  expect(attributes.mode).toBe(0o4755);
  expect(attributes.sizeBytes).toBe(5);
  expect(objectAttributes(manifest, 0)).toEqual({ ...attributes, mode: 0o755 });
});

test("attributes are filled into the object that is passed", () => {
  const into = { mode: 0, sizeBytes: 0, mtimeSeconds: 0, mtimeNanoseconds: 0 };
  expect(attributesOfFile(manifest, 0, into)).toBe(into);
  expect(into).toEqual(attributesOfFile(manifest, 0));
});

test("an object is whole only as a regular file with its size, permissions and mtime", () => {
  const whole = { ...emptyStatus(), ...objectAttributes(manifest, 0), kind: "file" as const };
  expect(isWhole(whole, manifest, 0, path)).toBe(true);
  for (const difference of [
    { kind: "directory" },
    { kind: "symlink" },
    { kind: "other" },
    { sizeBytes: 4 },
    { mode: 0o4755 },
    { mtimeSeconds: whole.mtimeSeconds + 1 },
    { mtimeNanoseconds: whole.mtimeNanoseconds + 1 },
  ] as const) {
    expect(isWhole({ ...whole, ...difference }, manifest, 0, path)).toBe(false);
  }
});
