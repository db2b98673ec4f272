import { expect } from "bun:test";
import { chmodSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { FAKE_KEYS } from "../support/bucket-client.ts";
import { BucketCommands } from "../support/bucket-commands.ts";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, type Finished, must, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { FakeServer } from "../support/s3/fake-server.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting, stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree, type TreeNode } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);
const STORAGES = ["objects", "packs"] as const;

function makeSource(content: string | Uint8Array = "content"): string {
  makeTree(scratch.path("tree"), dir({ a: file("a"), sub: dir({ log: file(content), z: file("z") }) }));
  return scratch.path("tree", "sub", "log");
}

/** Every read of the file finds that it has been truncated. */
const truncated = (path: string): string[] =>
  injecting({ calls: "read,pread64", what: "retval=0:when=1+", path });

/** Its directory keeps its time. */
function removeQuietly(path: string): void {
  const reference = scratch.fresh();
  must(["touch", "-r", dirname(path), reference]);
  rmSync(path);
  must(["touch", "-r", reference, dirname(path)]);
}

/** The key is a whole entry of a tree without `path`, and says that it is not all. */
function expectIncomplete(path: string): void {
  const entries = btdt(["list", "-c", cache.path, "--json"]).stdout;
  expect(JSON.parse(entries)).toMatchObject({ entries: [{ key: "key", trees: [{ skippedCount: 1 }] }] });
  expect(btdt(["list", "-c", cache.path]).stdout).toContain("key (incomplete)");
  expect(btdt(["inspect", "-c", cache.path, "key"]).stderr).toContain("(incomplete: 1 left out)");
  const restored = cache.restore("key", "to");
  expect(restored).toMatchObject({ exitCode: 0 });
  expect(restored.stderr).toContain("(incomplete: 1 left out)");
  removeQuietly(path);
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  expect(btdt(["verify", "-c", cache.path]).exitCode).toBe(0);
}

for (const storage of STORAGES) {
  const store = (through: readonly string[], ...options: string[]): Finished =>
    btdt(cache.storeWords("key", "tree", "--storage", storage, ...options), { through });

  for (const [size, content] of [
    ["small", "content"],
    ["large", Buffer.alloc(5_000_000, "text")],
  ] as const) {
    testWith(["strace"], `a ${size} file that always changes is an error, or left out of ${storage}`, () => {
      const log = makeSource(content);
      // Otherwise it would be mapped, not read.
      const writer =
        size === "large"
          ? Bun.spawn(["sh", "-c", `exec 3>>'${log}'; read line`], { stdin: "pipe" })
          : undefined;
      try {
        const refused = store(truncated(log));
        expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
        expect(refused.stderr).toContain(`error: ${log} changed while it was being read (`);
        expect(refused.stderr).toContain("leave out such files with --skip-changed)");
        expect(store(truncated(log), "--skip-unreadable").exitCode).toBe(1);
        expect(cache.keys()).toEqual([]);
        const stored = store(truncated(log), "--skip-changed");
        expect(stored).toMatchObject({ exitCode: 0, stdout: "" });
        expect(stored.stderr).toContain(
          `btdt: warning: left out what changed while it was being read: ${log}\n`,
        );
        expect(cache.manifests()).toHaveLength(1);
        expectIncomplete(log);
      } finally {
        writer?.kill();
      }
    });
  }

  testWith(["strace"], `a directory that vanishes is not missed in ${storage}`, async () => {
    makeSource();
    const calls = "open,openat,getdents64,lstat,newfstatat,statx";
    const words = cache.storeWords("key", "tree", "--storage", storage);
    const root = scratch.path("tree");
    const stored = await stoppedAt({ calls, path: root }, words, scratch.path("trace"), () => {
      renameSync(scratch.path("tree", "sub"), scratch.path("moved"));
    });
    expect(stored).toMatchObject({ exitCode: 0, stdout: "" });
    expect(cache.restore("key", "to").exitCode).toBe(0);
    expect(compareTrees(root, scratch.path("to"))).toEqual([]);
  });

  testWith(["root", "setpriv"], `what cannot be read is an error, or left out of ${storage}`, () => {
    const log = makeSource();
    const { executable, workplace } = executableForAll(scratch);
    const store = (...options: string[]): Finished =>
      run(
        [...AS_NOBODY, executable, "store", "--create-cache", "-c", `${workplace}/cache`, "-k", "key"].concat(
          ["--storage", storage, ...options, scratch.path("tree")],
        ),
      );
    chmodSync(log, 0);
    const refused = store();
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toContain(
      `error: cannot read ${log}: permission denied (exclude it with --exclude, or `,
    );
    expect(refused.stderr).toContain("--skip-unreadable)");
    expect(store("--skip-changed").exitCode).toBe(1);
    const stored = store("--skip-unreadable");
    expect(stored).toMatchObject({ exitCode: 0, stdout: "" });
    expect(stored.stderr).toContain(`btdt: warning: left out what could not be read: ${log}\n`);
    const restored = btdt(["restore", "-c", `${workplace}/cache`, "-k", "key", scratch.path("to")]);
    expect(restored).toMatchObject({ exitCode: 0 });
    removeQuietly(log);
    expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);

    chmodSync(scratch.path("tree", "sub"), 0);
    expect(store().stderr).toContain(`cannot read ${scratch.path("tree", "sub")}: permission denied`);
    expect(store("--skip-unreadable").stderr).toContain(
      `left out what could not be read: ${scratch.path("tree", "sub")}\n`,
    );
    chmodSync(scratch.path("tree", "sub"), 0o755);
  });
}

testWith(
  ["root", "setpriv"],
  "of many files that cannot be read, three are named, and all are left out at once",
  () => {
    const files = Array.from({ length: 1000 }, (_, index): [string, TreeNode] => [
      `f${index + 1000}`,
      file("x"),
    ]);
    makeTree(scratch.path("tree"), dir({ ...Object.fromEntries(files), readable: file("r") }));
    for (const [name] of files) chmodSync(scratch.path("tree", name), 0);
    const { executable, workplace } = executableForAll(scratch);
    const words = [executable, "store", "--create-cache", "-c", `${workplace}/cache`, "-k", "key"];
    const refused = run([...AS_NOBODY, ...words, scratch.path("tree")]);
    expect(refused.stderr).toContain("f1000: permission denied; 999 more could not be read either (");
    const stored = run([...AS_NOBODY, ...words, "--skip-unreadable", scratch.path("tree")]);
    expect(stored.exitCode).toBe(0);
    expect(stored.stderr).toContain("tree/f1002 and 997 more\n");
    expect(stored.stderr).toContain("stored 1 file, 1 B (incomplete: 1,000 left out) as key");
  },
);

testWith(["strace"], "run and store --dry-run leave out what changes, too", () => {
  const log = makeSource();
  const words = ["-c", cache.path, "-k", "key", "--create-cache", "--skip-changed", scratch.path("tree")];
  const warning = `btdt: warning: left out what changed while it was being read: ${log}\n`;
  const ran = btdt(["run", ...words, "--", "touch", "-t", "202601010000", scratch.path("tree")], {
    through: truncated(log),
  });
  expect(ran.exitCode).toBe(0);
  expect(ran.stderr).toContain(warning);
  expectIncomplete(log);
  rmSync(scratch.path("tree"), { recursive: true });
  const again = makeSource();
  const preview = btdt(["store", "--dry-run", ...words], { through: truncated(again) });
  expect(preview.exitCode).toBe(0);
  expect(preview.stderr).toBe(warning);
  expect(preview.stdout).toContain("Would store 2 files, 2 B (incomplete: 1 left out) as key\n");
});

testWith(["strace"], "what changes is left out of a bucket", async () => {
  const log = makeSource();
  const server = new FakeServer();
  try {
    server.buckets.set("cache", new Map());
    const bucket = new BucketCommands(scratch, server.url, FAKE_KEYS);
    const words = ["store", "-k", "key", "tree"];
    const refused = await bucket.run(words, {}, truncated(log));
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toContain("leave out such files with --skip-changed)");
    const stored = await bucket.run([...words, "--skip-changed"], {}, truncated(log));
    expect(stored).toMatchObject({ exitCode: 0, stdout: "" });
    expect(stored.stderr).toContain(
      "btdt: warning: left out what changed while it was being read: tree/sub/log\n",
    );
    const restored = await bucket.must(["restore", "-k", "key", "to"]);
    expect(restored.stderr).toContain("(incomplete: 1 left out)");
    removeQuietly(log);
    expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  } finally {
    await server.stop();
  }
});
