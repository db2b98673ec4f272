import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ContentSource } from "../../src/archive/content-source.ts";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { findEntry } from "../../src/entry/find-entry.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { BlockReader } from "../../src/packs/unpack/block-reader.ts";
import { findPackedFiles } from "../../src/packs/unpack/find-packed-files.ts";
import { storeEntry } from "../../src/store/store.ts";
import { codeOf } from "../support/archive-entries.ts";
import { must } from "../support/executable.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { STORE_SETTINGS } from "../support/store-settings.ts";

const scratch = Scratch.use();
const runtime = inlineRuntime();
const CONTENTS: Readonly<Record<string, Buffer>> = {
  empty: Buffer.alloc(0),
  large: Buffer.alloc(9_000_000, "large "),
  other: Buffer.from("other"),
  small: Buffer.from("small"),
};

/** Stores a tree and opens its contents. */
async function open(storage: "objects" | "packs") {
  const source = scratch.directory("source");
  for (const [name, content] of Object.entries(CONTENTS)) writeFileSync(join(source, name), content);
  mkdirSync(scratch.path("cache"));
  const cache = CacheDirectory.open(scratch.path("cache"));
  await storeEntry(
    { ...STORE_SETTINGS, cache, keys: ["k"], sources: [source], storage, linkMode: "copy" },
    runtime,
  );
  const entry = await findEntry(cache, "k");
  if (entry.kind !== "found") throw new Error("the entry is not there");
  const [{ manifest } = { manifest: undefined }] = entry.trees;
  if (manifest === undefined) throw new Error("the entry has no tree");
  return { cache, manifest };
}

async function readAll(cache: CacheDirectory, manifest: Manifest): Promise<Record<string, unknown>> {
  const contents = new ContentSource(cache, manifest, () => {
    const packed = findPackedFiles(cache, manifest, new Set(), () => undefined);
    return packed && new BlockReader(cache, manifest, packed);
  });
  const found: Record<string, unknown> = {};
  try {
    for (let file = 0; file < manifest.counts.fileCount; file++) {
      const read = async (): Promise<Buffer> => {
        const pieces: Uint8Array[] = [];
        for await (const piece of contents.read(file)) pieces.push(piece.slice());
        return Buffer.concat(pieces);
      };
      const name = manifest.fileName(file);
      const content = await read().catch((error: { code?: unknown }) => error.code);
      const isRight = content instanceof Buffer && content.equals(CONTENTS[name] ?? Buffer.alloc(0));
      found[name] = isRight ? "right" : content;
    }
  } finally {
    contents.close();
  }
  return found;
}

const ALL_RIGHT = { empty: "right", large: "right", other: "right", small: "right" };

function objectsOf(cache: CacheDirectory, sizeBytes: number): string[] {
  const names = readdirSync(cache.objects, { recursive: true }).map((name) =>
    join(cache.objects, String(name)),
  );
  return names.filter((path) => Bun.file(path).size === sizeBytes);
}

for (const storage of ["objects", "packs"] as const) {
  test(`contents come from ${storage}, whatever their size`, async () => {
    const { cache, manifest } = await open(storage);
    expect(await readAll(cache, manifest)).toEqual(ALL_RIGHT);
  });
}

test("edited, truncated and missing objects are damage, and only they are", async () => {
  const { cache, manifest } = await open("objects");
  for (const path of objectsOf(cache, 9_000_000)) {
    const bytes = Buffer.from(CONTENTS["large"] ?? []);
    bytes[8_999_999] = 0;
    writeFileSync(path, bytes);
  }
  const [small = "", other = ""] = objectsOf(cache, 5);
  truncateSync(small, 4);
  rmSync(other);
  expect(await readAll(cache, manifest)).toEqual({
    empty: "right",
    large: "ENTRY_MISSING",
    other: "ENTRY_MISSING",
    small: "ENTRY_MISSING",
  });
});

testWith(
  ["mkfifo"],
  "a pipe or a symlink in an object's place is damage, and is not waited for",
  async () => {
    const { cache, manifest } = await open("objects");
    const [one = "", two = ""] = objectsOf(cache, 5);
    rmSync(one);
    must(["mkfifo", one]);
    rmSync(two);
    must(["ln", "-s", "/etc/hostname", two]);
    expect(await readAll(cache, manifest)).toEqual({
      ...ALL_RIGHT,
      other: "ENTRY_MISSING",
      small: "ENTRY_MISSING",
    });
  },
);

test("a damaged block damages its contents", async () => {
  const { cache, manifest } = await open("packs");
  const [name = ""] = readdirSync(cache.packs);
  const path = join(cache.packs, name, "pack");
  const bytes = Buffer.from(await Bun.file(path).arrayBuffer());
  bytes.fill(0, 32);
  writeFileSync(path, bytes);
  expect(await codeOf(readAll(cache, manifest))).toBe("no error");
  expect(await readAll(cache, manifest)).toEqual({
    empty: "right",
    large: "ENTRY_MISSING",
    other: "ENTRY_MISSING",
    small: "ENTRY_MISSING",
  });
});
