import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByteString } from "../../../src/base/byte-string.ts";
import { emptyStatus, lstatBuffer } from "../../../src/fs/native/file-status.ts";
import { HeldDirectory } from "../../../src/fs/native/held-directory.ts";
import { tryLink } from "../../../src/fs/native/link-file.ts";
import { PathBuffer } from "../../../src/fs/native/path-buffer.ts";
import { closeQuickly, openQuickly, tryOpen } from "../../../src/fs/native/quick-file.ts";

const MANY = 100;

let directory: string;
const b = (path: string): ByteString => path as ByteString;
const status = emptyStatus();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "btdt-held-"));
  mkdirSync(join(directory, "in"));
  writeFileSync(join(directory, "in", "file"), "held");
  writeFileSync(join(directory, "in-file"), "beside");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function heldIn(): { readonly path: PathBuffer; readonly held: HeldDirectory; readonly length: number } {
  const path = new PathBuffer().set(b(join(directory, "in")));
  const held = new HeldDirectory(path);
  held.hold(MANY);
  return { path, held, length: path.length };
}

function sizeAt(path: PathBuffer): number | undefined {
  return lstatBuffer(path, status) ? status.sizeBytes : undefined;
}

/** How many descriptors of this process are open at a directory. */
function countOpen(at: string): number {
  return readdirSync("/proc/self/fd").filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(at);
    } catch {
      return false; // That of the listing.
    }
  }).length;
}

test("names are looked up in the directory that is held, wherever it is by now", () => {
  const { path, held } = heldIn();
  renameSync(join(directory, "in"), join(directory, "moved"));
  path.append(b("/file"));
  expect(sizeAt(path)).toBe(4);
  expect(tryLink(path, new PathBuffer().set(b(join(directory, "link"))))).toBe(true);
  const descriptor = tryOpen(path, 0);
  expect(descriptor).toBeGreaterThan(0);
  closeQuickly(descriptor);
  held.close();
  expect(sizeAt(path)).toBeUndefined();
});

test("what fails is repeated with the whole path, and has its code", () => {
  const { path, held } = heldIn();
  renameSync(join(directory, "in"), join(directory, "moved"));
  mkdirSync(join(directory, "in"));
  writeFileSync(join(directory, "in", "new"), "");
  path.append(b("/new"));
  const descriptor = openQuickly(path, 0);
  expect(descriptor).toBeGreaterThan(0);
  closeQuickly(descriptor);
  path.append(b("er"));
  expect(() => openQuickly(path, 0)).toThrow(expect.objectContaining({ code: "ENOENT" }));
  held.close();
});

test("the directory itself, those above it and those with a longer name are not looked up in it", () => {
  const { path, held, length } = heldIn();
  renameSync(join(directory, "in"), join(directory, "moved"));
  expect(sizeAt(path)).toBeUndefined();
  expect(sizeAt(path.append(b("/")))).toBeUndefined();
  expect(sizeAt(path.append(b("file")))).toBe(4);
  expect(sizeAt(path.truncate(length).append(b("-file")))).toBe(6);
  expect(sizeAt(path.truncate(length - 1).append(b("n-file")))).toBe(6);
  held.close();
});

test("a path that ends with a slash can be held as well", () => {
  const path = new PathBuffer().set(b(`${join(directory, "in")}/`));
  const held = new HeldDirectory(path);
  held.hold(MANY);
  renameSync(join(directory, "in"), join(directory, "moved"));
  expect(sizeAt(path.append(b("file")))).toBe(4);
  held.close();
});

test.skipIf(process.platform !== "linux")(
  "one directory is open at a time, and none for a few names, or in the end",
  () => {
    const { path, held } = heldIn();
    expect(countOpen(directory)).toBe(1);
    path.set(b(directory));
    held.hold(MANY);
    expect(countOpen(directory)).toBe(1);
    held.hold(1);
    expect(countOpen(directory)).toBe(0);
    held.hold(MANY);
    held.close();
    held.close();
    expect(countOpen(directory)).toBe(0);
  },
);

test("what is not a directory, or not there, is not held", () => {
  for (const name of ["in-file", "nothing"]) {
    const path = new PathBuffer().set(b(join(directory, name)));
    const held = new HeldDirectory(path);
    held.hold(MANY);
    expect(tryOpen(path.append(b("/file")), 0)).toBeLessThan(0);
    expect(countOpen(directory)).toBe(0);
    held.close();
  }
});
