import { expect, test } from "bun:test";
import { appendFileSync, chmodSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesFromText } from "../../../src/base/byte-string.ts";
import { lstat } from "../../../src/fs/native/file-status.ts";
import { formatObjectName } from "../../../src/objects/object-name.ts";
import { buildContentTable } from "../../../src/packs/contents/content-table.ts";
import { gatherHeldContents, holdsObject } from "../../../src/packs/write/held-contents.ts";
import { sha256 } from "../../support/expected-digests.ts";
import { Scratch } from "../../support/scratch.ts";

const scratch = Scratch.use();

/** An object with this content, mode 0644 and a time of 1000 s. */
function makeObject(content: string): {
  readonly name: string;
  readonly path: string;
  readonly digest: Buffer;
} {
  const digest = sha256(content);
  const digestHex = digest.toString("hex");
  const name = formatObjectName({
    digestHex,
    permissions: 0o644,
    mtimeSeconds: 1000,
    mtimeNanoseconds: 0,
    isExclusive: false,
  });
  const shard = join(scratch.directory("objects"), name.slice(0, 2));
  mkdirSync(shard, { recursive: true });
  const path = join(shard, name);
  writeFileSync(path, content);
  chmodSync(path, 0o644);
  utimesSync(path, 1000, 1000);
  return { name, path, digest };
}

test("an object is held for a file with its content, permissions and time, while it is whole", () => {
  const { name, path, digest } = makeObject("content");
  const objects = bytesFromText(scratch.path("objects"));
  const held = gatherHeldContents(buildContentTable([]), objects, [name]);
  const status = lstat(bytesFromText(path));
  if (status === undefined) throw new Error("no object");
  expect(holdsObject(held, digest, 0, status)).toBe(true);
  // Set-user-id and the like are no part of an object.
  expect(holdsObject(held, digest, 0, { ...status, mode: 0o4644 })).toBe(true);
  expect(holdsObject(held, digest, 0, { ...status, mode: 0o600 })).toBe(false);
  expect(holdsObject(held, digest, 0, { ...status, mtimeNanoseconds: 1 })).toBe(false);
  expect(holdsObject(held, sha256("other"), 0, status)).toBe(false);
  expect(holdsObject(held, Buffer.concat([Buffer.alloc(32), digest]), 32, status)).toBe(true);
  appendFileSync(path, "edited");
  expect(holdsObject(held, digest, 0, status)).toBe(false);
});

test("a name that was listed is looked at again", () => {
  const { digest } = makeObject("content");
  const held = gatherHeldContents(buildContentTable([]), bytesFromText(scratch.path("empty")), [
    formatObjectName({
      digestHex: digest.toString("hex"),
      permissions: 0o644,
      mtimeSeconds: 1,
      mtimeNanoseconds: 0,
      isExclusive: false,
    }),
  ]);
  const status = lstat(bytesFromText(scratch.directory("any")));
  if (status === undefined) throw new Error("no directory");
  expect(holdsObject(held, digest, 0, { ...status, kind: "file", mode: 0o644 })).toBe(false);
});
