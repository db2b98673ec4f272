import { describe, expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { familyFileName } from "../../src/cache/edited-paths-codec.ts";
import { TestCache } from "../support/cache.ts";
import { differences, snapshotTree } from "../support/compare-trees.ts";
import { BTDT, btdt, must, run } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
// These trees share everything, so that what happens to links happens to them.
const cache = new TestCache(scratch, "--link", "hard");

const DAY_SECONDS = 24 * 60 * 60;
const nowSeconds = (): number => Date.now() / 1000;

function clean(...options: string[]) {
  const { exitCode, stdout, stderr } = cache.clean("--json", ...options);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return JSON.parse(stdout);
}

/** By `du`, as it is on the disk. */
function allocatedBytes(path: string): number {
  return statSync(path).blocks * 512;
}

describe("paths that are edited", () => {
  const note = (): string => cache.below("edited-paths", familyFileName("work"));

  /** A job has edited a file that was linked, and the entry is stored again. */
  function editLinkedFile(): void {
    makeTree(scratch.path("work"), dir({ bin: dir({ tool: file("tool") }), other: file("other") }));
    storeWork();
    appendFileSync(scratch.path("work", "bin", "tool"), " edited");
    expect(cache.restore("k", "to").exitCode).toBe(4);
    expect(readFileSync(note(), "utf8")).toMatch(/^btdt edited paths 1\nwork\0\d+ bin\/tool\0$/);
    storeWork();
    rmSync(scratch.path("work"), { recursive: true });
  }

  /** With a path that is recorded. */
  function storeWork(): void {
    must([BTDT, "store", "-c", scratch.directory("cache"), "-k", "k", "--link", "hard", "work"], {
      cwd: scratch.path(),
    });
  }

  function seenMs(): number {
    return Number(/\0(\d+) /.exec(readFileSync(note(), "utf8"))?.[1]);
  }

  function age(days: number): void {
    const seen = Math.round((nowSeconds() - days * DAY_SECONDS) * 1000);
    writeFileSync(note(), readFileSync(note(), "utf8").replace(/\0\d+ /, `\0${seen} `));
  }

  test("are remembered as long as an entry has them, however old they are", () => {
    editLinkedFile();
    clean();
    age(1000);
    expect(clean().garbage.count).toBe(0);
    expect(nowSeconds() - seenMs() / 1000).toBeLessThan(DAY_SECONDS);
    expect(cache.restore("k", "to").stderr).toContain("1 linked, 1 copied");
  });

  test("are forgotten 90 days after the last entry that had them", () => {
    editLinkedFile();
    age(1000);
    clean();
    // The entry is gone now; its path was seen a moment ago.
    clean("--max-size", "0");
    expect(clean().garbage.count).toBe(0);
    age(89);
    expect(clean().garbage.count).toBe(0);
    age(91);
    const before = snapshotTree(cache.path);
    const dry = clean("--dry-run");
    expect(dry.garbage).toEqual({ count: 1, bytes: allocatedBytes(note()) });
    expect(cache.clean("--dry-run").stdout).toStartWith("Would remove 1 unneeded file: frees ");
    expect(differences(before, snapshotTree(cache.path))).toEqual([]);
    expect(clean().garbage).toEqual(dry.garbage);
    expect(existsSync(note())).toBe(false);
  });

  test("files of earlier versions mean nothing, and are deleted", () => {
    makeTree(scratch.path("work"), dir({ bin: dir({ tool: file("tool") }), other: file("other") }));
    storeWork();
    const old = cache.below("edited-paths", "b753e13d22a1827013d42d88775d9ad8");
    writeFileSync(old, "bin/tool");
    expect(cache.restore("k", "to").stderr).toContain("2 linked");
    expect(clean().garbage).toEqual({ count: 1, bytes: expect.any(Number) });
    expect(existsSync(old)).toBe(false);
  });

  testWith(["strace"], "of other trees are not even opened by a restore", () => {
    for (const name of ["work", "other"]) makeTree(scratch.path(name), dir({ f: file(name) }));
    const at = { cwd: scratch.path() };
    for (const name of ["work", "other"]) {
      must([BTDT, "store", "-c", scratch.directory("cache"), "-k", name, name], at);
    }
    const records = Array.from({ length: 1000 }, (_, index) => `${Date.now()} d/${index}\0`);
    writeFileSync(note(), `btdt edited paths 1\nwork\0${records.join("")}`);
    for (let index = 0; index < 1000; index++) {
      writeFileSync(cache.below("edited-paths", index.toString(16).padStart(32, "0")), "old");
    }
    const trace = scratch.path("trace");
    const restored = run(
      [
        "strace",
        "-f",
        "-o",
        trace,
        "-e",
        "trace=open,openat",
        BTDT,
        "restore",
        "-c",
        "cache",
        "-k",
        "other",
        "to",
      ],
      at,
    );
    expect(restored.exitCode).toBe(0);
    const calls = readFileSync(trace, "utf8").split("\n");
    const opened = calls.filter((call) => call.includes("edited-paths"));
    expect(opened).toEqual([expect.stringContaining(familyFileName("other"))]);
  });

  test("foreign files are not touched", () => {
    editLinkedFile();
    const foreign = cache.below("edited-paths", "mine");
    writeFileSync(foreign, "bin/tool");
    utimesSync(foreign, 1000, 1000);
    clean("--max-size", "0");
    expect(readFileSync(foreign, "utf8")).toBe("bin/tool");
    expect(statSync(foreign).mtimeMs).toBe(1_000_000);
  });
});

test("counts of restores go after 400 days, but not from the totals", () => {
  makeTree(scratch.path("tree"), dir({ f: file("f") }));
  cache.store("k", "tree");
  const day = (daysAgo: number): string =>
    new Date((nowSeconds() - daysAgo * DAY_SECONDS) * 1000).toISOString().slice(0, 10);
  const countsOf = (name: string): string => cache.below("restore-counts", name);
  mkdirSync(cache.below("restore-counts"));
  for (const [name, count] of Object.entries({
    "2020-01-01-hit": 500,
    "2020-01-02-hit": 3,
    "2020-01-01-miss": 2,
    [`${day(402)}-fallback`]: 7,
    [`${day(398)}-hit`]: 11,
    [`${day(0)}-miss`]: 1,
    mine: 5,
  })) {
    writeFileSync(countsOf(name), ".".repeat(count));
  }
  const totals = (): string[] =>
    btdt(["stats", "-c", cache.path, "--openmetrics"]).stdout.match(/^btdt_restores_total.*$/gm) ?? [];
  const before = totals();
  expect(before).toContain(`btdt_restores_total{cache="${cache.path}",outcome="hit"} 514`);
  expect(clean("--dry-run").garbage.count).toBe(4);
  expect(clean().garbage.count).toBe(4);
  expect(readdirSync(cache.below("restore-counts")).toSorted()).toEqual(
    [
      `${day(398)}-hit`,
      `${day(0)}-miss`,
      "earlier-fallback",
      "earlier-hit",
      "earlier-miss",
      "mine",
    ].toSorted(),
  );
  expect(totals()).toEqual(before);
  expect(allocatedBytes(countsOf("earlier-hit"))).toBe(0);
  const { restores } = JSON.parse(btdt(["stats", "-c", cache.path, "--json"]).stdout);
  expect(restores.at(-1)).toEqual({ day: "earlier", hit: 503, fallback: 7, miss: 2 });
  expect(clean().garbage).toEqual({ count: 0, bytes: 0 });
  writeFileSync(countsOf("2020-01-03-hit"), "....");
  clean();
  expect(statSync(countsOf("earlier-hit")).size).toBe(507);
});

describe("what a clean says it frees is what it frees", () => {
  test("manifests, damaged keys and what dead processes have left", () => {
    // Names make a manifest that is larger than a block; there are no objects.
    const names = Array.from({ length: 2000 }, () => [crypto.randomUUID(), file("")] as const);
    makeTree(scratch.path("tree"), dir(Object.fromEntries(names)));
    cache.store("k,damaged", "tree");
    writeFileSync(cache.below("keys", "damaged"), "{".repeat(10_000));
    rmSync(cache.below("keys", "k"));
    const [manifest = ""] = cache.manifests();
    const dead = cache.below("sessions", crypto.randomUUID());
    mkdirSync(`${dead}/tree/deep`, { recursive: true });
    writeFileSync(`${dead}/lock`, "");
    writeFileSync(`${dead}/tree/deep/half`, Buffer.alloc(2 ** 20, "x"));
    // Another name of what stays: removing this one frees nothing.
    writeFileSync(scratch.path("stays"), Buffer.alloc(2 ** 20, "y"));
    must(["ln", scratch.path("stays"), `${dead}/tree/linked`]);
    const freed = [
      cache.below("manifests", manifest),
      cache.below("keys", "damaged"),
      ...["", "/tree", "/tree/deep", "/tree/deep/half"].map((path) => dead + path),
    ];
    const bytes = freed.reduce((sum, path) => sum + allocatedBytes(path), 0);
    expect(bytes).toBeGreaterThan(2 ** 20 + 40_000);

    const stats = JSON.parse(btdt(["stats", "-c", cache.path, "--json"]).stdout);
    expect(stats.garbageBytes).toBe(bytes);
    expect(clean("--dry-run").garbage).toEqual({ count: 3, bytes });
    expect(clean().garbage).toEqual({ count: 3, bytes });
    expect(freed.filter((path) => existsSync(path))).toEqual([]);
    expect(clean().garbage).toEqual({ count: 0, bytes: 0 });
  });

  testWith(["strace"], "an entry whose manifest a store under way needs frees its key only", async () => {
    const names = Array.from({ length: 2000 }, () => [crypto.randomUUID(), file("")] as const);
    makeTree(
      scratch.path("tree"),
      dir({ ...Object.fromEntries(names), big: file(Buffer.alloc(2 ** 20, "b")) }),
    );
    cache.store("k", "tree", "--link", "hard");
    const words = cache.storeWords("k", "tree", "--link", "hard");
    // The first link only shows whether there can be any. The second one is the intent, the third one its mark.
    const stored = await stoppedAt({ calls: "link,linkat", when: 3 }, words, scratch.path("trace"), () => {
      const keyBytes = allocatedBytes(cache.below("keys", "k"));
      const [manifest = ""] = cache.manifests();
      const { removed, kept } = clean("--max-size", "0");
      expect(removed).toEqual([expect.objectContaining({ keys: ["k"], freedBytes: keyBytes })]);
      expect(cache.manifests()).toEqual([manifest]);
      expect(kept.entryCount).toBe(0);
      expect(kept.bytes).toBe(2 ** 20 + allocatedBytes(cache.below("manifests", manifest)));
    });
    expect(stored.exitCode).toBe(0);
    expect(cache.restore("k", "to").exitCode).toBe(0);
  });
});
