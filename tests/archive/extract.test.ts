import { expect, test } from "bun:test";
import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { EMPTY_BODY } from "../../src/archive/archive-entry.ts";
import { extract } from "../../src/archive/extract.ts";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { codeOf, type HeldEntry, heldEntry, inPieces } from "../support/archive-entries.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

async function extractAll(entries: readonly HeldEntry[], umask = 0o022): Promise<number> {
  let count = 0;
  async function* list() {
    for (const { content, ...entry } of entries) {
      yield { ...entry, body: content === "" ? EMPTY_BODY : inPieces(Buffer.from(content), 3) };
    }
  }
  await extract(list(), bytesFromText(scratch.path("tree")), {
    umask,
    onEntry: async () => void (count += 1),
  });
  return count;
}

const modeOf = (...path: string[]): number => lstatSync(scratch.path("tree", ...path)).mode & 0o7777;

test("files, links and directories get content, mode and time", async () => {
  const entries = [
    heldEntry({ path: ".", kind: "directory", mode: 0o755, mtimeSeconds: 5 }),
    heldEntry({ path: "d", kind: "directory", mode: 0o550, mtimeSeconds: 7 }),
    heldEntry({ path: "d/f", content: "content", mode: 0o640, mtimeSeconds: 9 }),
    heldEntry({ path: "d/s", kind: "symlink", target: "f", mtimeSeconds: 11 }),
    heldEntry({ path: "d/h", kind: "hardlink", target: "d/f" }),
  ];
  expect(await extractAll(entries)).toBe(5);
  expect(readFileSync(scratch.path("tree", "d/f"), "utf8")).toBe("content");
  expect(readlinkSync(scratch.path("tree", "d/s"))).toBe("f");
  expect(lstatSync(scratch.path("tree", "d/h")).ino).toBe(lstatSync(scratch.path("tree", "d/f")).ino);
  expect(modeOf("d")).toBe(0o550);
  expect(modeOf("d/f")).toBe(0o640);
  for (const [path, seconds] of [
    [".", 5],
    ["d", 7],
    ["d/f", 9],
    ["d/s", 11],
  ] as const) {
    expect(lstatSync(scratch.path("tree", path)).mtimeMs).toBe(seconds * 1000);
  }
});

test("directories without an entry, the root included, get the mode that mkdir would give them", async () => {
  await extractAll([heldEntry({ path: "a/b/f" })], 0o027);
  expect([modeOf(), modeOf("a"), modeOf("a/b")]).toEqual([0o750, 0o750, 0o750]);
});

test("a directory that its owner could not read stays readable, or it could not be stored", async () => {
  await extractAll([heldEntry({ path: "d", kind: "directory", mode: 0o011 })]);
  expect(modeOf("d")).toBe(0o711);
});

test("a body of another size than stated is damage", async () => {
  const entry = heldEntry({ path: "f", content: "content", sizeBytes: 8 });
  expect(await codeOf(extractAll([entry]))).toBe("ARCHIVE_INVALID");
});

test("a path that is too long for the file system is rejected", async () => {
  const path = Array.from({ length: 30 }, () => "n".repeat(200)).join("/");
  expect(await codeOf(extractAll([heldEntry({ path })]))).toBe("ARCHIVE_INVALID");
});
