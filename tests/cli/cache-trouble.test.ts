import { expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { TestCache } from "../support/cache.ts";
import { btdt, type Finished, must, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { AS_NOBODY, type Requirement, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

interface Trouble {
  readonly name: string;
  readonly needs?: readonly Requirement[];
  /** Done to a cache that has the key `old`. */
  readonly spoil?: () => void;
  /** Words before the executable. */
  readonly through?: () => readonly string[];
  /** In the warning. */
  readonly reason: string;
}

const TROUBLES: readonly Trouble[] = [
  { name: "missing", spoil: () => rmSync(cache.path, { recursive: true }), reason: "does not exist" },
  {
    name: "a file",
    spoil: () => {
      rmSync(cache.path, { recursive: true });
      writeFileSync(cache.path, "");
    },
    reason: "is not a directory",
  },
  {
    name: "of a newer format",
    spoil: () => writeFileSync(cache.below("format"), "btdt cache format 2\n"),
    reason: "was written by a newer btdt",
  },
  {
    name: "without its format file",
    spoil: () => rmSync(cache.below("format")),
    reason: "format is missing",
  },
  {
    name: "broken: a symlink in place of a directory",
    spoil: () => {
      renameSync(cache.below("keys"), scratch.path("elsewhere"));
      symlinkSync(scratch.path("elsewhere"), cache.below("keys"));
    },
    reason: "keys is a symlink",
  },
  {
    name: "of another user",
    needs: ["root", "setpriv"],
    spoil: () => chmodSync(cache.path, 0o700),
    through: () => AS_NOBODY,
    reason: "permission denied",
  },
  {
    name: "on a disk with an error",
    needs: ["strace"],
    through: () => injecting({ calls: "openat", what: "error=EIO", path: cache.below("format") }),
    reason: "input/output error",
  },
];

/** A cache with trouble, and how to run btdt on it. */
function prepare(trouble: Trouble): (...words: string[]) => Finished {
  makeTree(scratch.path("tree"), dir({ a: file("a") }));
  cache.store("old", "tree");
  const { executable, workplace } = executableForAll(scratch);
  trouble.spoil?.();
  const through = trouble.through?.() ?? [];
  const before = listCache();
  return (...words) => {
    const finished = run([...through, executable, ...words], { cwd: workplace });
    expect(listCache()).toEqual(before);
    return finished;
  };
}

/** To see that nothing changes. */
function listCache(): string[] {
  const listed = run(["find", cache.path, "-printf", "%p %s %C@\\n"]);
  return listed.stdout.split("\n").toSorted();
}

function expectWarning(stderr: string, reason: string): void {
  const warnings = stderr.split("\n").filter((line) => line.startsWith("btdt: warning: "));
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(reason);
  expect(stderr).not.toContain("error:");
}

for (const trouble of TROUBLES) {
  testWith(trouble.needs ?? [], `a cache that is ${trouble.name} breaks no build`, () => {
    const start = prepare(trouble);
    const options = ["-c", cache.path, "-k", "old"];
    const script = "cat result; exit 7";
    const failed = start("run", ...options, "--result-file", "result", "out", "--", "sh", "-c", script);
    expect(failed).toMatchObject({ exitCode: 7, stdout: "miss" });
    expectWarning(failed.stderr, trouble.reason);
    const done = start("run", ...options, "out", "--", "echo", "ran");
    expect(done).toMatchObject({ exitCode: 0, stdout: "ran\n" });
    expectWarning(done.stderr, trouble.reason);

    const tolerant = [...options, "--error-ok"];
    const missed = start("restore", ...tolerant, "--json", "--result-file", "result", "to");
    expect(missed.exitCode).toBe(4);
    expectWarning(missed.stderr, trouble.reason);
    expect(missed.stderr).toContain("\nKeys not found in cache.\n");
    expect(JSON.parse(missed.stdout)).toMatchObject({
      outcome: "miss",
      error: { message: expect.stringContaining(trouble.reason) },
    });
    expect(readFileSync(scratch.path("nobody", "result"), "utf8")).toBe("miss");
    expect(start("restore", ...tolerant, "--miss-ok", "to").exitCode).toBe(0);
    expect(readdirSync(scratch.path("nobody"))).toEqual(["result"]);
    const stored = start("store", ...tolerant, ".");
    expect(stored).toMatchObject({ exitCode: 0, stdout: "" });
    expectWarning(stored.stderr, trouble.reason);

    expect(start("restore", ...options, "to")).toMatchObject({ exitCode: 1, stdout: "" });
    expect(start("store", ...options, ".")).toMatchObject({ exitCode: 1, stdout: "" });
  });
}

test("mistakes on the command line are errors even so", () => {
  const options = ["-c", scratch.path("none"), "-k", "k"];
  for (const words of [
    ["run", ...options, "out", "out/in", "--", "echo", "ran"],
    ["run", ...options, "", "--", "echo", "ran"],
    ["restore", "--error-ok", ...options, ""],
    ["restore", "--error-ok", ...options, "to", "to/in"],
    ["store", "--error-ok", ...options, ""],
    ["store", "--error-ok", "-c", "", "-k", "k", "."],
    ["restore", "--error-ok", ...options, "--no-such-option", "to"],
  ]) {
    expect({ words, ...btdt(words) }).toMatchObject({ words, exitCode: 2, stdout: "" });
  }
});

test("nor does a destination in the way", () => {
  makeTree(scratch.path("tree"), dir({ a: file("a") }));
  cache.store("old", "tree");
  must(["mkfifo", scratch.path("pipe")]);
  const words = ["run", "-c", cache.path, "-k", "old,new", scratch.path("pipe"), "--", "echo", "ran"];
  const done = btdt(words);
  expect(done).toMatchObject({ exitCode: 0, stdout: "ran\n" });
  expectWarning(done.stderr, "pipe is neither a directory nor a file");
  expect(cache.keys()).toEqual(["old"]);
  expect(cache.restore("old", "pipe").exitCode).toBe(1);
  const missed = cache.restore("old", "pipe", "--error-ok");
  expect(missed).toMatchObject({ exitCode: 4, stdout: "" });
  expectWarning(missed.stderr, "pipe is neither a directory nor a file");
});

testWith(["mount"], "a full volume fails neither run nor store --error-ok", () => {
  const volume = mountTmpfs(scratch, "volume", "2m");
  mkdirSync(scratch.path("tree"));
  const script = `head -c 3000000 /dev/urandom >'${scratch.path("tree", "large")}'`;
  const options = ["-c", volume, "-k", "k"];
  const done = btdt(["run", ...options, scratch.path("tree"), "--", "sh", "-c", script]);
  expect(done).toMatchObject({ exitCode: 0, stdout: "" });
  expectWarning(done.stderr, "no space left on the device (free space with btdt clean");
  const store = ["store", ...options, scratch.path("tree")];
  expect(btdt(store).exitCode).toBe(1);
  const stored = btdt([...store, "--error-ok"]);
  expect(stored).toMatchObject({ exitCode: 0, stdout: "" });
  expectWarning(stored.stderr, "nothing was stored: cannot write to the cache");
});

test("a cache that vanishes while the command of run makes its paths is what the warning names", () => {
  makeTree(scratch.path("tree"), dir({ a: file("a") }));
  cache.store("old", "tree");
  const script = `mkdir '${scratch.path("made")}' && rm -r '${cache.path}'/*`;
  const words = ["run", "-c", cache.path, "-k", "new", scratch.path("made"), "--", "sh", "-c", script];
  const done = btdt(words);
  expect(done).toMatchObject({ exitCode: 0 });
  expectWarning(done.stderr, `nothing was stored: cannot write to the cache ${cache.path}: no such file`);
});
