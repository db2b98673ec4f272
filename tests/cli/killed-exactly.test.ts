import { beforeEach, describe, expect } from "bun:test";
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, must } from "../support/executable.ts";
import { mountFuse } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting, stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

/** The calls by which sessions and staging directories come and go. */
const CALLS = ["mkdir", "flock", "rename", "unlink", "unlinkat", "rmdir"];
const AN_HOUR_AGO = Date.now() / 1000 - 3600;

beforeEach(() => {
  makeTree(scratch.path("tree"), dir({ f: file("content"), sub: dir({ g: file("more") }) }));
  cache.store("k", "tree");
});

/** Kills a command at each of its calls in turn, one after the other, until it has none left to be killed at. */
function killAtEach(words: readonly string[], prepare: () => void, check: (when: string) => void): number {
  let killCount = 0;
  for (const call of CALLS) {
    for (let when = 1; ; when++) {
      prepare();
      const through = injecting({ calls: call, what: `signal=KILL:when=${when}` });
      const { exitCode } = btdt(words, { through });
      if (exitCode === 0) break;
      killCount += 1;
      check(`${call} ${when}`);
    }
  }
  return killCount;
}

/** What a process was killed at making is not old enough yet. */
function age(directory: string): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (name.endsWith(".new")) utimesSync(path, AN_HOUR_AGO, AN_HOUR_AGO);
  }
}

function stagingIn(directory: string): string[] {
  return existsSync(directory)
    ? readdirSync(directory).filter((name) => name.startsWith(".btdt-restore-"))
    : [];
}

describe("killed at each step of making and removing its directories", () => {
  testWith(["strace"], "a store leaves no session after the next clean", () => {
    const kills = killAtEach(
      cache.storeWords("k", "tree"),
      () => undefined,
      (when) => {
        age(cache.below("sessions"));
        expect([when, cache.clean().exitCode]).toEqual([when, 0]);
        expect([when, cache.sessions()]).toEqual([when, []]);
      },
    );
    expect(kills).toBeGreaterThan(8);
    expect(cache.restore("k", "to").exitCode).toBe(0);
  });

  for (const [name, options, prepare] of [
    [
      "a restore to a new place",
      [],
      () => rmSync(scratch.path("places", "to"), { recursive: true, force: true }),
    ],
    ["a restore to an existing directory", [], makeEdited],
    ["an --exact restore", ["--exact"], makeEdited],
  ] as const) {
    testWith(["strace"], `${name} leaves nothing after the next one`, () => {
      const words = cache.restoreWords("k", "places/to", ...options);
      const to = scratch.path("places", "to");
      scratch.directory("places");
      const kills = killAtEach(words, prepare, (when) => {
        for (const directory of [dirname(to), to]) if (existsSync(directory)) age(directory);
        age(cache.below("sessions"));
        expect([when, btdt(words).exitCode]).toEqual([when, 0]);
        expect([when, stagingIn(dirname(to)), stagingIn(to)]).toEqual([when, [], []]);
        if (options.length > 0 || prepare !== makeEdited) {
          expect([when, compareTrees(scratch.path("tree"), to)]).toEqual([when, []]);
        }
        expect([when, cache.clean().exitCode, cache.sessions()]).toEqual([when, 0, []]);
      });
      expect(kills).toBeGreaterThan(8);
    });
  }

  function makeEdited(): void {
    const to = scratch.path("places", "to");
    rmSync(to, { recursive: true, force: true });
    makeTree(to, dir({ f: file("other"), foreign: file("foreign") }));
  }
});

testWith(
  ["strace"],
  "a restore that drops an edited object never takes a good one from its name",
  async () => {
    // The same both times: the restore may go on with the entry that it has found, or with the new one.
    const makeSource = (): void => {
      const f = file("no other object has this", { mtime: "@5" });
      makeTree(scratch.path("source"), dir({ f }, { mtime: "@6" }));
    };
    makeSource();
    cache.store("good", "source");
    const name = cache.objects().find((each) => each.endsWith("-5.000000000")) ?? "";
    const object = cache.below("objects", name);
    // The source is linked to it.
    rmSync(scratch.path("source"), { recursive: true });
    appendFileSync(object, "edited");
    const finished = await stoppedAt(
      {
        calls: "flock",
        path: object,
        also: { calls: "rename,renameat2,unlink,unlinkat", what: "signal=KILL" },
      },
      cache.restoreWords("good", "to"),
      scratch.path("trace"),
      () => {
        makeSource();
        cache.store("good", "source");
        expect(readFileSync(object, "utf8")).toBe("no other object has this");
      },
    );
    expect([finished.exitCode, readFileSync(object, "utf8")]).toEqual([0, "no other object has this"]);
    expect(compareTrees(scratch.path("source"), scratch.path("to"))).toEqual([]);
  },
);

testWith(["strace"], "one failing unlink leaves nothing after the next restore, and next clean", () => {
  const words = cache.restoreWords("k", "places/to");
  scratch.directory("places");
  for (let when = 1; when <= 4; when++) {
    rmSync(scratch.path("places", "to"), { recursive: true, force: true });
    for (const call of ["unlink", "unlinkat", "rmdir"]) {
      btdt(words, { through: injecting({ calls: call, what: `error=EIO:when=${when}` }) });
      rmSync(scratch.path("places", "to"), { recursive: true, force: true });
      expect(btdt(words).exitCode).toBe(0);
      expect([call, when, stagingIn(scratch.path("places"))]).toEqual([call, when, []]);
      expect(cache.clean().exitCode).toBe(0);
      expect([call, when, cache.sessions()]).toEqual([call, when, []]);
    }
  }
});

testWith([], "what an older version left without its lock file is removed when it is old", () => {
  const left = [
    join(cache.below("sessions"), crypto.randomUUID()),
    join(scratch.directory("places"), `.btdt-restore-${crypto.randomUUID()}`),
  ];
  for (const path of left) {
    must(["mkdir", "-p", join(path, "tree")]);
    writeFileSync(join(path, "tree", "half"), "");
    utimesSync(path, AN_HOUR_AGO, AN_HOUR_AGO);
  }
  expect(cache.restore("k", "places/to").exitCode).toBe(0);
  expect(cache.clean().exitCode).toBe(0);
  expect(left.filter((path) => existsSync(path))).toEqual([]);
});

testWith(
  ["mount", "bindfs"],
  "on FUSE, where removed files that are open stay under another name, nothing is left",
  () => {
    scratch.directory("below", "cache");
    const fuse = mountFuse(scratch, scratch.path("below"), "fuse");
    makeTree(join(fuse, "tree"), dir({ f: file("content") }));
    const words = ["-c", join(fuse, "cache"), "-k", "k"];
    for (const storage of ["objects", "packs"]) {
      expect(btdt(["store", ...words, "--storage", storage, join(fuse, "tree")]).exitCode).toBe(0);
      for (const to of ["to", "to", storage]) {
        expect(btdt(["restore", ...words, join(fuse, to)]).exitCode).toBe(0);
        expect(compareTrees(join(fuse, "tree"), join(fuse, to))).toEqual([]);
      }
    }
    expect(btdt(["clean", "-c", join(fuse, "cache")]).exitCode).toBe(0);
    expect(readdirSync(scratch.path("below", "cache", "btdt-v1", "sessions"))).toEqual([]);
    const hidden = must([
      "find",
      scratch.path("below"),
      "-name",
      ".fuse_hidden*",
      "-o",
      "-name",
      ".btdt-restore-*",
    ]);
    expect(hidden).toBe("");
  },
);
