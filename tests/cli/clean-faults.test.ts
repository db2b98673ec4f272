import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TestCache } from "../support/cache.ts";
import { differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt, type Finished, finishedOf, startBtdt } from "../support/executable.ts";
import { mountFuse } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { type Injection, injecting } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

/** Two entries of each kind that share nothing, older than any limit would have them. */
function prepare(): void {
  for (const [key, storage] of [
    ["linked", "objects"],
    ["packed", "packs"],
  ] as const) {
    makeTree(scratch.path(key), dir({ a: file(`${key} a`), sub: dir({ b: file(`${key} b`) }) }));
    cache.store(key, key, "--storage", storage, "--link", "copy");
  }
}

function cleanWith(injection: Injection, ...words: string[]): Finished {
  return btdt(["clean", "-c", cache.path, ...words], { through: injecting(injection) });
}

/** Nothing was lost: everything is restored as it was stored, and a clean without the fault finds nothing to do. */
function expectNothingLost(): void {
  expect(cache.clean()).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Kept 2 entries, /) });
  for (const key of ["linked", "packed"]) {
    expect(cache.restore(key, `to-${key}`).exitCode).toBe(0);
    expect(differences(snapshotTree(scratch.path(key)), snapshotTree(scratch.path(`to-${key}`)))).toEqual([]);
    rmSync(scratch.path(`to-${key}`), { recursive: true });
  }
}

const packPath = (...names: string[]): string => {
  const [name = ""] = readdirSync(cache.below("packs"));
  return cache.below("packs", name, ...names);
};

function manifestPath(key: string): string {
  const [{ manifest }] = JSON.parse(readFileSync(cache.below("keys", key), "utf8")).trees;
  return cache.below("manifests", manifest.slice(0, 2), manifest);
}

const objectShard = (): string => join(cache.below("objects"), (cache.objects()[0] ?? "").slice(0, 2));

describe("what the system refuses to read once is not damage", () => {
  const places: Readonly<Record<string, () => string>> = {
    "a key": () => cache.below("keys", "linked"),
    "a manifest": () => manifestPath("linked"),
    "the manifest of a packed entry": () => manifestPath("packed"),
    "the index of a pack": () => packPath("index"),
    "the list of packs": () => cache.below("packs"),
    "a directory of objects": objectShard,
    "a directory of manifests": () => join(manifestPath("linked"), ".."),
    "the edited paths": () => cache.below("edited-paths"),
    "the sessions": () => cache.below("sessions"),
  };
  for (const [name, pathOf] of Object.entries(places)) {
    testWith(
      ["strace"],
      `${name}: clean reports it, keeps everything that may depend on it, and continues`,
      () => {
        prepare();
        for (const errno of ["EIO", "EMFILE", "EACCES", "ESTALE"]) {
          const cleaned = cleanWith(
            { calls: "openat,open", what: `error=${errno}`, path: pathOf() },
            "--max-size",
            "1GiB",
          );
          expect({ errno, ...cleaned }).toMatchObject({ errno, exitCode: 0 });
          expect(cleaned.stderr).toContain("btdt: warning: cannot ");
          expect(cleaned.stdout).not.toContain("Removed");
        }
        expectNothingLost();
      },
    );
  }

  testWith(["strace"], "keys that cannot be listed end a clean before it begins", () => {
    prepare();
    const cleaned = cleanWith({ calls: "openat,open", what: "error=EIO", path: cache.below("keys") });
    expect(cleaned).toMatchObject({ exitCode: 1, stdout: "" });
    expect(cleaned.stderr).toContain("cannot list the keys of");
    expectNothingLost();
  });

  testWith(["strace"], "while a key cannot be read no entry is evicted for its size", () => {
    prepare();
    const injection = { calls: "openat,open", what: "error=EIO", path: cache.below("keys", "linked") };
    const cleaned = cleanWith(injection, "--max-size", "0");
    expect(cleaned.stdout).toMatch(/^Kept 1 entry, /);
    expect(cleaned.stderr).toContain("no contents are deleted: what could not be read may need them\n");
    expectNothingLost();
  });
});

describe("a listing that comes back short loses nothing", () => {
  const places: Readonly<Record<string, () => string>> = {
    keys: () => cache.below("keys"),
    packs: () => cache.below("packs"),
    "a directory of objects": objectShard,
    "a directory of manifests": () => join(manifestPath("linked"), ".."),
  };
  const faults: Readonly<Record<string, Omit<Injection, "path">>> = {
    "one empty getdents": { calls: "getdents64", what: "retval=0:when=1" },
    "one ENOENT": { calls: "openat,open", what: "error=ENOENT:when=1" },
  };
  for (const [name, pathOf] of Object.entries(places)) {
    for (const [fault, injection] of Object.entries(faults)) {
      testWith(["strace"], `${name}: ${fault}`, () => {
        prepare();
        const cleaned = cleanWith({ ...injection, path: pathOf() });
        expect(cleaned.stdout).not.toContain("Removed");
        // Keys that are there and cannot be listed end it.
        if (fault !== "one ENOENT" || name !== "keys") expect(cleaned.exitCode).toBe(0);
        expectNothingLost();
      });
    }
  }
});

testWith(
  ["mount", "bindfs", "strace"],
  "where listings may be stale, what is young and unneeded is spared, unless a limit evicts what needs it",
  () => {
    prepare();
    const fuse = mountFuse(scratch, cache.path, "fuse");
    // Nobody lists a key, however often it is asked for.
    const stale = { calls: "getdents64", what: "retval=0", path: join(fuse, "btdt-v1", "keys") };
    const cleaned = btdt(["clean", "-c", fuse], { through: injecting(stale) });
    expect(cleaned).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Kept 0 entries, /) });
    expectNothingLost();
    expect(btdt(["clean", "-c", fuse, "--max-size", "0"]).stdout).toContain("Removed packed (size)");
    expect([cache.keys(), cache.objects(), cache.manifests()]).toEqual([[], [], []]);
  },
);

test("an edited object does not count: the pack keeps the good copy", () => {
  makeTree(scratch.path("tree"), dir({ file: file("the content"), other: file("other") }));
  cache.store("k", "tree", "--storage", "packs");
  expect(cache.restore("k", "first", "--link", "hard").exitCode).toBe(0);
  expect(cache.objects()).toHaveLength(2);
  writeFileSync(scratch.path("first", "file"), "edited in place");
  expect(cache.clean().exitCode).toBe(0);
  expect(cache.restore("k", "second").exitCode).toBe(0);
  expect(differences(snapshotTree(scratch.path("tree")), snapshotTree(scratch.path("second")))).toEqual([]);
});

test("an entry that is evicted because its object was edited in place is copied from then on", () => {
  makeTree(scratch.path("tree"), dir({ file: file("the content"), other: file("other") }));
  cache.store("k", "tree", "--storage", "objects", "--link", "hard");
  writeFileSync(scratch.path("tree", "file"), "edited in place");
  expect(cache.clean().stdout).toContain("Removed k (damage)");
  expect(readdirSync(cache.below("edited-paths"))).toHaveLength(1);
  cache.store("k", "tree", "--link", "hard");
  expect(cache.restore("k", "to", "--link", "hard").stderr).toContain("1 linked, 1 copied");
});

describe("a clean that is stopped", () => {
  const FILES = 300;

  function prepareGarbage(): void {
    const children = Array.from(
      { length: FILES },
      (_, index) => [`f${index}`, file(`content ${index}`)] as const,
    );
    makeTree(scratch.path("big"), dir(Object.fromEntries(children)));
    cache.store("big", "big", "--storage", "objects", "--link", "copy");
    prepare();
  }

  for (const [signal, exitCode] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    testWith(
      ["strace"],
      `by ${signal} while it deletes objects ends soon, with whole entries and garbage`,
      async () => {
        prepareGarbage();
        rmSync(cache.below("keys", "big"));
        // Each deletion takes 50 ms: all of them would take 15 s.
        const slowly = injecting({ calls: "unlink,unlinkat", what: "delay_exit=50000" });
        const started = startBtdt(["clean", "-c", cache.path], { through: slowly });
        while (cache.objects().length > FILES - 2) await Bun.sleep(10);
        // The traced program is strace's only child.
        const children = readFileSync(`/proc/${started.pid}/task/${started.pid}/children`, "utf8").trim();
        process.kill(Number(children), signal);
        expect(await finishedOf(started)).toEqual({ exitCode, stdout: "", stderr: "" });
        expect(cache.objects().length).toBeGreaterThan(10);
        expect(cache.sessions()).toEqual([]);
        expect(cache.clean().stdout).toMatch(/^Removed \d+ unneeded files: /);
        expectNothingLost();
      },
    );
  }
});
