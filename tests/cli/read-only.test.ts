import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { FAKE_KEYS } from "../support/bucket-client.ts";
import { BucketCommands } from "../support/bucket-commands.ts";
import { TestCache } from "../support/cache.ts";
import { snapshotTree } from "../support/compare-trees.ts";
import { btdt, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { mountReadOnly } from "../support/mounts.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { FakeServer } from "../support/s3/fake-server.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const TREE = dir({
  node_modules: dir({ left: dir({ "index.js": file("module.exports = 1;\n") }) }),
  "state.bin": file(new Uint8Array(100_000).fill(7)),
});

/** Everything about each file of the cache but when it was read. */
function describeCache(): string[] {
  const names = readdirSync(cache.path, { recursive: true }).map(String);
  return ["", ...names].toSorted().map((name) => {
    const { ino, mode, nlink, size, mtimeMs, ctimeMs } = lstatSync(join(cache.path, name));
    return [name, ino, mode, nlink, size, mtimeMs, ctimeMs].join(" ");
  });
}

function onCache(command: string, ...words: string[]): string[] {
  return [command, "-c", cache.path, ...words];
}

/** Each with the exit status that it must have. */
function readingCommands(suffix: string): readonly (readonly [number, string[]])[] {
  const to = (name: string): string[] => ["--link", "copy", scratch.path(name + suffix)];
  return [
    [0, onCache("restore", "-k", "whole", ...to("whole"))],
    [0, onCache("restore", "-k", "packed", ...to("packed"))],
    [4, onCache("restore", "-k", "damaged", ...to("damaged"))],
    [4, onCache("restore", "-k", "bad-pack", ...to("bad-pack"))],
    [3, onCache("restore", "-k", "missing", "--fallback-prefix", "wh", ...to("prefix"))],
    [4, onCache("restore", "-k", "missing", ...to("missing"))],
    [0, onCache("lookup", "-k", "whole")],
    [0, onCache("list")],
    [0, onCache("inspect", "whole")],
    [1, onCache("verify")],
    [0, onCache("stats")],
    [0, onCache("export", "-k", "whole")],
    [0, onCache("report")],
    [0, onCache("clean", "--dry-run", "--max-size", "0")],
    [0, onCache("delete", "--dry-run", "--all")],
  ];
}

describe("a cache directory", () => {
  beforeEach(() => {
    makeTree(scratch.path("tree"), TREE);
    makeTree(scratch.path("other"), dir({ node_modules: dir({ a: file("edited") }) }));
    makeTree(scratch.path("third"), dir({ f: file("third") }));
    cache.store("whole", "tree");
    cache.store("packed", "tree", "--storage", "packs");
    cache.store("bad-pack", "third", "--storage", "packs");
    const pack = readdirSync(cache.below("packs")).find(
      (name) => statSync(cache.below("packs", name, "pack")).size < 1000,
    );
    const bytes = readFileSync(cache.below("packs", pack ?? "", "pack"));
    writeFileSync(cache.below("packs", pack ?? "", "pack"), bytes.fill(0, bytes.length - 8));
    const before = new Set(cache.objects());
    cache.store("damaged", "other");
    const added = cache.objects().find((name) => !before.has(name));
    truncateSync(cache.below("objects", added ?? ""), 1);
  });

  test("is left exactly as it was, where each command would otherwise leave traces", () => {
    const before = describeCache();
    for (const [exitCode, words] of readingCommands("-1")) {
      const finished = btdt(words, { env: { BTDT_READ_ONLY: "1" } });
      expect({ words, exitCode: finished.exitCode }).toEqual({ words, exitCode });
      expect(describeCache()).toEqual(before);
    }
    for (const name of ["whole-1", "packed-1", "prefix-1"])
      expect(snapshotTree(scratch.path(name))).toEqual(snapshotTree(scratch.path("tree")));
    for (const [exitCode, words] of readingCommands("-2").slice(0, 4)) {
      const last = describeCache();
      expect(btdt(words).exitCode).toBe(exitCode);
      expect(describeCache()).not.toEqual(last);
    }
  });

  test("is restored by run, which runs the command after a miss and stores nothing", () => {
    const hit = btdt([...onCache("run", "--read-only", "-k", "whole", scratch.path("to")), "--", "false"]);
    expect(hit.exitCode).toBe(0);
    const words = ["run", "--read-only", "-k", "new", scratch.path("made")];
    const before = describeCache();
    const made = btdt([...onCache(...(words as [string])), "--", "mkdir", scratch.path("made")]);
    expect(made).toMatchObject({ exitCode: 0 });
    expect(made.stderr).toContain("nothing was stored: the cache is read-only");
    expect(existsSync(scratch.path("made"))).toBe(true);
    expect(describeCache()).toEqual(before);
  });

  test("is linked to by package contents; build state is copied, even with --link hard", () => {
    for (const mode of ["auto", "hard"]) {
      expect(cache.restore("whole", mode, "--read-only", "--link", mode).exitCode).toBe(0);
      expect(statSync(scratch.path(mode, "state.bin")).nlink).toBe(1);
      const linked = statSync(scratch.path(mode, "node_modules/left/index.js"));
      expect(linked.ino).toBe(statSync(scratch.path("tree", "node_modules/left/index.js")).ino);
    }
  });

  test("cannot be written to by a command that would have to", () => {
    const before = describeCache();
    for (const words of [
      onCache("store", "-k", "k", scratch.path("tree")),
      onCache("import", "-k", "k", "none.tar"),
      onCache("clean"),
      onCache("delete", "whole"),
      onCache("pin", "whole"),
      onCache("unpin", "whole"),
      onCache("doctor"),
      onCache("verify", "--repair"),
      onCache("restore", "-k", "whole", "--create-cache", scratch.path("to")),
    ]) {
      const [command = "", ...rest] = words;
      const asOption = btdt([command, "--read-only", ...rest]);
      const asVariable = btdt(words, { env: { BTDT_READ_ONLY: "yes" } });
      expect({ words, ...asOption }).toEqual({ words, ...asVariable });
      expect({ words, exitCode: asOption.exitCode }).toEqual({ words, exitCode: 2 });
      expect(asOption.stderr).toContain("which --read-only forbids");
    }
    expect(describeCache()).toEqual(before);
  });
});

testWith(["mount", "setpriv"], "another user restores from a read-only mount without a warning", () => {
  makeTree(scratch.path("tree"), TREE);
  cache.store("whole", "tree");
  const { executable, workplace } = executableForAll(scratch);
  const mounted = mountReadOnly(scratch, cache.path, "mounted");
  const words = ["restore", "--read-only", "-c", mounted, "-k", "whole", join(workplace, "to")];
  const restored = run([...AS_NOBODY, executable, ...words]);
  expect(restored).toMatchObject({ exitCode: 0, stdout: "Restored key whole\n" });
  expect(restored.stderr).not.toContain("warning");
  expect(snapshotTree(join(workplace, "to"))).toEqual(snapshotTree(scratch.path("tree")));
});

describe("a bucket", () => {
  let server: FakeServer;
  beforeAll(() => {
    server = new FakeServer();
    server.buckets.set("cache", new Map());
  });
  afterAll(() => server.stop());

  test("gets requests that read, and no others", async () => {
    const commands = new BucketCommands(scratch, server.url, FAKE_KEYS);
    makeTree(scratch.path("tree"), TREE);
    makeTree(scratch.path("third"), dir({ f: file("third") }));
    await commands.must(["store", "-k", "whole", "tree"]);
    await commands.must(["store", "-k", "bad-pack", "third"]);
    const objects = server.buckets.get("cache") ?? new Map();
    const packs = [...objects.keys()].filter((name) => name.includes("/packs/"));
    const [bad = ""] = packs.toSorted((a, b) => objects.get(a).bytes.length - objects.get(b).bytes.length);
    objects.set(bad, { ...objects.get(bad), bytes: objects.get(bad).bytes.map(() => 1) });
    const isWrite = ({ method }: { readonly method: string }): boolean =>
      method !== "GET" && method !== "HEAD";
    const asked = async (...words: string[]): Promise<[number | null, boolean]> => {
      server.requests.length = 0;
      const { exitCode } = await commands.run(words);
      return [exitCode, server.requests.some(isWrite)];
    };
    expect(await asked("restore", "--read-only", "-k", "whole", "to")).toEqual([0, false]);
    expect(await asked("restore", "--read-only", "-k", "bad-pack", "bad")).toEqual([4, false]);
    expect(await asked("verify", "--read-only")).toEqual([1, false]);
    expect(await asked("run", "--read-only", "-k", "new", "made", "--", "mkdir", "made")).toEqual([0, false]);
    expect(await asked("clean", "--dry-run", "--max-size", "0", "--read-only")).toEqual([0, false]);
    expect(await asked("restore", "-k", "whole", "to")).toEqual([0, true]);
    expect(await asked("restore", "-k", "bad-pack", "bad")).toEqual([4, true]);
  });
});
