import { describe, expect } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, type Finished, must, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { btdtMeasured } from "../support/memory.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const MISTAKE = /bug in btdt|mistake|^\s+at /m;
/** Ends a command that waits for something, with a status that none of them has. */
const WITHIN_TWENTY_SECONDS = ["timeout", "-s", "KILL", "20"];
const MOST_MEMORY_BYTES = 500_000_000;

const kinds: Readonly<Record<string, (path: string) => void>> = {
  "a FIFO": (path) => must(["mkfifo", path]),
  "a directory": (path) => {
    mkdirSync(path);
    writeFileSync(join(path, "f"), "");
  },
  "a socket": (path) => {
    // Paths of sockets must be short.
    const made = must(["mktemp", "-u", join(tmpdir(), "s-XXXXXX")]).trim();
    Bun.listen({ unix: made, socket: { data: () => undefined } }).unref();
    renameSync(made, path);
  },
  "a device": (path) => must(["mknod", path, "c", "1", "5"]),
  "3 GiB of holes": (path) => {
    writeFileSync(path, "");
    truncateSync(path, 3 * 1024 ** 3);
  },
};

function manifestOf(key: string): string {
  const { trees, manifest } = JSON.parse(readFileSync(cache.below("keys", key), "utf8"));
  const digest: string = manifest ?? trees[0].manifest;
  return cache.below("manifests", digest.slice(0, 2), digest);
}

function withinLimits(words: readonly string[], isMeasured: boolean): Finished {
  const finished = isMeasured
    ? btdtMeasured(words, scratch.fresh("report"), { cwd: scratch.path() })
    : btdt(words, { cwd: scratch.path(), through: WITHIN_TWENTY_SECONDS });
  if ("peakMemoryBytes" in finished) expect(finished.peakMemoryBytes).toBeLessThan(MOST_MEMORY_BYTES);
  expect([...words, finished.stderr]).toEqual([...words, expect.not.stringMatching(MISTAKE)]);
  expect([...words, finished.exitCode]).toEqual([...words, expect.any(Number)]);
  expect([0, 1, 3, 4]).toContain(finished.exitCode);
  return finished;
}

/** Entries of each storage, two of which stay as they are. Answers the directories of packs, by key. */
function fillCache(): ReadonlyMap<string, string> {
  const packs = new Map<string, string>();
  for (const name of ["sound", "key", "manifest", "object", "packed", "index", "pack"]) {
    makeTree(scratch.path(name), dir({ f: file(`content of ${name}`) }));
    const isPacked = name === "packed" || name === "index" || name === "pack";
    const before = existsSync(cache.below("packs")) ? readdirSync(cache.below("packs")) : [];
    cache.store(name, name, ...(isPacked ? ["--storage", "packs"] : []));
    const made = readdirSync(cache.below("packs")).find((each) => !before.includes(each));
    packs.set(name, cache.below("packs", made ?? ""));
  }
  mkdirSync(cache.below("restore-counts"), { recursive: true });
  return packs;
}

function objectOf(text: string): string {
  const digest = new Bun.SHA256().update(text).digest("hex");
  return cache.below("objects", cache.objects().find((path) => path.includes(digest)) ?? "");
}

function replace(path: string, make: (path: string) => void): void {
  must(["rm", "-rf", path]);
  make(path);
}

describe("in place of a file of the cache", () => {
  for (const [kind, make] of Object.entries(kinds)) {
    const isHuge = kind.startsWith("3 GiB");
    testWith(
      kind === "a device" ? ["root"] : [],
      `${kind} stops no command, and costs only what it has replaced`,
      () => {
        const packs = fillCache();
        replace(cache.below("keys", "key"), make);
        replace(manifestOf("manifest"), make);
        replace(objectOf("content of object"), make);
        replace(join(packs.get("index") ?? "", "index"), make);
        replace(join(packs.get("pack") ?? "", "pack"), make);
        make(join(packs.get("packed") ?? "", "damaged-7"));
        const mark = `${"ab".repeat(16)}-11111111-2222-4333-8444-555555555555-${"cd".repeat(32)}`;
        mkdirSync(cache.below("unflushed"), { recursive: true });
        make(cache.below("unflushed", mark));
        make(cache.below("edited-paths", "b753e13d22a1827013d42d88775d9ad8"));
        make(cache.below("edited-paths", "family-e3b0c44298fc1c149afbf4c8996fb924"));
        make(cache.below("restore-counts", `${new Date().toISOString().slice(0, 10)}-hit`));
        make(cache.below("restore-counts", "2020-01-01-miss"));
        make(cache.below("sessions", crypto.randomUUID()));
        const session = cache.below("sessions", crypto.randomUUID());
        mkdirSync(session);
        make(join(session, "lock"));
        make(join(session, "ab".repeat(32)));

        for (const words of [
          ["list"],
          ["list", "--sizes"],
          ["stats"],
          ["clean", "--dry-run"],
          ["clean"],
          ["clean"],
        ]) {
          const [command = "", ...others] = words;
          const { exitCode, stderr } = withinLimits([command, "-c", cache.path, ...others], isHuge);
          expect([command, exitCode, stderr]).toEqual([command, 0, expect.any(String)]);
        }
        for (const key of ["sound", "packed"]) {
          const restored = withinLimits(["restore", "-c", cache.path, "-k", key, `to-${key}`], isHuge);
          expect([key, restored.exitCode]).toEqual([key, 0]);
          expect(compareTrees(scratch.path(key), scratch.path(`to-${key}`))).toEqual([]);
        }
        for (const key of ["key", "manifest", "object", "index", "pack"]) {
          const restored = withinLimits(["restore", "-c", cache.path, "-k", key, `to-${key}`], isHuge);
          expect([key, restored.exitCode]).toEqual([key, 4]);
          expect(existsSync(scratch.path(`to-${key}`))).toBe(false);
        }
      },
    );

    testWith(
      kind === "a device" ? ["root"] : [],
      `${kind} as the format file or the lock is an error that names the cache`,
      () => {
        makeTree(scratch.path("sound"), dir({ f: file("content") }));
        cache.store("sound", "sound");
        const run = (): void => {
          for (const [command, ...words] of [
            ["list"],
            ["clean"],
            ["restore", "-k", "sound", "to"],
            ["store", "-k", "new", "sound"],
          ] as const) {
            const { exitCode, stderr } = withinLimits([command, "-c", cache.path, ...words], isHuge);
            if (exitCode === 1) expect(stderr).toContain(cache.path);
          }
        };
        replace(cache.below("lock"), make);
        run();
        replace(cache.below("format"), make);
        run();
        expect(withinLimits(["list", "-c", cache.path], isHuge).exitCode).toBe(1);
      },
    );
  }
});

testWith(["mount"], "times in the year 287,000 and long before 1970 are no obstacle", () => {
  // Not every file system has them.
  mountTmpfs(scratch, "memory");
  const path = (name: string): string => scratch.path("memory", name);
  makeTree(path("tree"), dir({ future: file("f"), past: file("p") }));
  mkdirSync(path("cache"));
  const [future, past] = ["@8999999999999", "@-5000000000000"];
  must(["touch", "-d", future, path("tree/future")]);
  must(["touch", "-d", past, path("tree/past")]);
  const run = (command: string, ...words: string[]): Finished => {
    const finished = btdt([command, "-c", path("cache"), ...words]);
    expect([command, finished.stderr]).toEqual([command, expect.not.stringMatching(MISTAKE)]);
    expect([command, finished.exitCode]).toEqual([command, 0]);
    return finished;
  };
  run("store", "-k", "k", path("tree"));
  run("store", "-k", "p", "--storage", "packs", path("tree"));
  const keys = join(path("cache"), "btdt-v1", "keys");
  must(["touch", "-d", future, join(keys, "k")]);
  must(["touch", "-d", past, join(keys, "p")]);
  expect(run("list").stdout).toContain("k ");
  const { entries } = JSON.parse(run("list", "--json").stdout);
  expect(entries.map(({ lastUsedAt }: { lastUsedAt: string }) => lastUsedAt).toSorted()).toEqual([
    "+275760-09-13T00:00:00.000Z",
    "-156474-04-23T15:06:40.000Z",
  ]);
  expect(run("inspect", "k").stdout).toContain("+275760-09-13 00:00:00");
  run("inspect", "k", "--json");
  run("stats");
  run("clean");
  for (const key of ["k", "p"]) {
    run("restore", "-k", key, path(`to-${key}`));
    const times = must(["stat", "-c", "%Y", path(`to-${key}/future`), path(`to-${key}/past`)]);
    expect(times).toBe("8999999999999\n-5000000000000\n");
  }
});

testWith(
  ["root", "setpriv"],
  "directories that cannot be read make a miss with the reason, and cost nothing",
  () => {
    const { executable } = executableForAll(scratch);
    const asNobody = (command: string, ...words: string[]): Finished => {
      const finished = run([...AS_NOBODY, executable, command, "-c", cache.path, ...words], {
        cwd: scratch.path(),
      });
      expect([command, finished.stderr]).toEqual([command, expect.not.stringMatching(MISTAKE)]);
      return finished;
    };
    makeTree(scratch.path("tree"), dir({ f: file("content"), g: file("other content") }));
    must(["chmod", "-R", "a+rwX", scratch.directory("cache"), scratch.path("tree")]);
    must(["chmod", "777", scratch.path()]);
    expect(asNobody("store", "-k", "k", "tree").exitCode).toBe(0);
    const closed = [cache.below("edited-paths"), dirname(objectOf("content"))];
    for (const path of closed) must(["chmod", "0", path]);
    const missed = asNobody("restore", "-k", "k", "to");
    expect(missed.exitCode).toBe(4);
    expect(missed.stderr).toContain("the content of f cannot be read");
    for (const [command, ...words] of [["list", "--sizes"], ["stats"], ["clean"]] as const) {
      const { exitCode, stderr } = asNobody(command, ...words);
      expect([command, exitCode]).toEqual([command, 0]);
      expect(stderr).toContain("permission denied");
    }
    for (const path of closed) must(["chmod", "755", path]);
    expect(asNobody("restore", "-k", "k", "to").exitCode).toBe(0);
    expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  },
);
