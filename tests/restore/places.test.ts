import { describe, expect, test } from "bun:test";
import { bytesFromText } from "../../src/base/byte-string.ts";
import type { KeyRecord } from "../../src/key/key-record.ts";
import { assignPlaces, examineNamedPlaces, type RestorePlaces } from "../../src/restore/places.ts";
import { catchError } from "../support/catch-error.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const cacheRoot = bytesFromText("/nonexistent");

function record(...paths: (string | undefined)[]): KeyRecord {
  const [first, ...others] = paths.map((path, index) => {
    const tree = { manifest: String(index).repeat(64), fileCount: 1, contentBytes: 1 };
    return path === undefined ? tree : Object.assign(tree, { path });
  });
  if (first === undefined) throw new Error("an entry has a tree");
  return { key: "key", storedAt: "2026-01-01T00:00:00.000Z", trees: [first, ...others] };
}

/** The names of the places in the order of the trees, or the message of the mismatch. */
function assign(entry: KeyRecord, places: RestorePlaces): readonly string[] | string {
  const assigned = assignPlaces(entry, places, examineNamedPlaces(places, cacheRoot), cacheRoot);
  return assigned.kind === "found" ? assigned.places.map(({ name }) => name) : assigned.error.message;
}

describe("destinations that were named", () => {
  test("are taken in their order, whatever was recorded", () => {
    const [a, b] = [scratch.path("a"), scratch.path("b")];
    expect(assign(record("x", "y"), { kind: "named", paths: [b, a] })).toEqual([b, a]);
  });

  test("must be as many as the entry has trees", () => {
    const places = { kind: "named", paths: [scratch.path("a")] } as const;
    expect(assign(record("x", undefined), places)).toBe(
      "the entry of key key has 2 paths (x, not recorded), but 1 was given",
    );
  });

  test("must not overlap, by name or in truth", () => {
    for (const paths of [
      [scratch.path("a"), scratch.path("a")],
      [scratch.path("a"), scratch.path("a/b")],
      [`${scratch.path("a")}/`, scratch.path("x/../a/b")],
    ] as const) {
      expect(catchError(() => examineNamedPlaces({ kind: "named", paths }, cacheRoot))).toMatchObject({
        code: "USAGE",
      });
    }
  });
});

describe("what a command produces", () => {
  test("is matched by name where all names are recorded, else taken in order", () => {
    const before = process.cwd();
    process.chdir(scratch.directory("work"));
    try {
      const places = { kind: "produced", paths: ["out/b", "./a/"] } as const;
      expect(assign(record("a", "out/b"), places)).toEqual(["./a/", "out/b"]);
      expect(assign(record("a", "other"), places)).toEqual(["out/b", "./a/"]);
      expect(assign(record(undefined, undefined), places)).toEqual(["out/b", "./a/"]);
      expect(assign(record("a"), places)).toBe("the entry of key key has 1 path (a), but 2 were given");
    } finally {
      process.chdir(before);
    }
  });
});

describe("without destinations", () => {
  test("each tree goes to its recorded path", () => {
    const before = process.cwd();
    process.chdir(scratch.directory("work"));
    try {
      expect(assign(record("a/b", "c"), { kind: "recorded" })).toEqual(["a/b", "c"]);
    } finally {
      process.chdir(before);
    }
  });

  test("an entry with an unrecorded path has no recorded destination", () => {
    expect(assign(record("a", undefined), { kind: "recorded" })).toBe(
      "the entry of key key has no recorded destination: it has 2 paths (a, not recorded)",
    );
  });
});
