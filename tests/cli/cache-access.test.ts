import { expect } from "bun:test";
import { readdirSync, rmSync, statSync, truncateSync, utimesSync } from "node:fs";
import { TestCache } from "../support/cache.ts";
import { compareTrees, differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt, must, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { mountReadOnly } from "../support/mounts.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, symlink } from "../support/tree.ts";

const scratch = Scratch.use();
// These trees share everything, so that what happens to links happens to them.
const cache = new TestCache(scratch, "--link", "hard");

function storeTree(): void {
  makeTree(
    scratch.path("tree"),
    dir({ a: file("a"), tool: file("x", { mode: 0o755 }), sub: dir({ l: symlink("x") }) }),
  );
  cache.store("key", "tree");
}

testWith(["mount"], "a cache that is mounted read-only restores; a store says why it cannot", () => {
  storeTree();
  const before = snapshotTree(cache.path);
  const readOnly = mountReadOnly(scratch, cache.path, "read-only");
  const words = ["-c", readOnly, "-k", "key"];
  const restored = btdt(["restore", ...words, scratch.path("to")]);
  expect(restored).toMatchObject({ exitCode: 0, stdout: "Restored key key\n" });
  expect(restored.stderr).toContain("2 copied");
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  expect(btdt(["restore", "-c", readOnly, "-k", "none", scratch.path("to2")]).exitCode).toBe(4);

  const stored = btdt(["store", ...words, scratch.path("tree")]);
  expect(stored.exitCode).toBe(1);
  expect(stored.stderr).toContain(`cannot write to the cache ${readOnly}: the file system is read-only`);
  const cleaned = btdt(["clean", "-c", readOnly, "--max-size", "0"]);
  expect(cleaned.exitCode).toBe(1);
  expect(cleaned.stderr).toContain("read-only");
  expect(btdt(["clean", "-c", readOnly, "--max-size", "0", "--dry-run"])).toMatchObject({ exitCode: 0 });
  expect(differences(before, snapshotTree(cache.path))).toEqual([]);
});

testWith(["mount"], "an edited object in a read-only cache is a miss every time, and says so", () => {
  storeTree();
  must(["sh", "-c", `echo edited >> ${scratch.path("tree", "a")}`]);
  const readOnly = mountReadOnly(scratch, cache.path, "read-only");
  for (let run = 0; run < 2; run++) {
    const { exitCode, stderr } = btdt(["restore", "-c", readOnly, "-k", "key", scratch.path("to")]);
    expect(exitCode).toBe(4);
    expect(stderr).toContain("a was changed through a hard link");
    expect(stderr).not.toContain("bug in btdt");
  }
});

testWith(["mount"], "so is an object in it that has lost data", () => {
  storeTree();
  rmSync(scratch.path("tree"), { recursive: true });
  for (const name of cache.objects()) {
    const { mtime } = statSync(cache.below("objects", name));
    truncateSync(cache.below("objects", name));
    utimesSync(cache.below("objects", name), mtime, mtime);
  }
  const before = cache.objects();
  const readOnly = mountReadOnly(scratch, cache.path, "read-only");
  for (let run = 0; run < 2; run++) {
    const { exitCode, stderr } = btdt(["restore", "-c", readOnly, "-k", "key", scratch.path("to")]);
    expect(exitCode).toBe(4);
    expect(stderr).toContain("lost data in a power cut");
    expect(stderr).toContain("could not remove damaged contents from the cache");
  }
  expect(cache.objects()).toEqual(before);
});

testWith(
  ["root", "setpriv"],
  "another user's cache can be restored from, by copying where links are denied",
  () => {
    storeTree();
    const { executable, workplace } = executableForAll(scratch);
    const restore = (key: string, to: string) =>
      run([...AS_NOBODY, executable, "restore", "-c", cache.path, "-k", key, `${workplace}/${to}`]);
    const restored = restore("key", "to");
    expect(restored).toMatchObject({ exitCode: 0, stdout: "Restored key key\n" });
    expect(compareTrees(scratch.path("tree"), `${workplace}/to`)).toEqual([]);
    expect(statSync(`${workplace}/to`).uid).toBe(65534);
    const isProtected = must(["cat", "/proc/sys/fs/protected_hardlinks"]).trim() === "1";
    if (isProtected) expect(restored.stderr).toContain("2 copied");
    expect(restore("none", "to2").exitCode).toBe(4);
    // Its owner goes on using it.
    expect(cache.restore("key", "own").stderr).toContain("2 linked");
  },
);

testWith(["root", "setpriv"], "what another user may not read is a miss with a warning, not an error", () => {
  makeTree(scratch.path("tree"), dir({ secret: file("secret", { mode: 0o600 }) }));
  cache.store("key", "tree");
  const { executable, workplace } = executableForAll(scratch);
  const restore = () =>
    run([...AS_NOBODY, executable, "restore", "-c", cache.path, "-k", "key", `${workplace}/to`]);
  const unreadable = restore();
  expect(unreadable.exitCode).toBe(4);
  expect(unreadable.stderr).toContain("the content of secret cannot be read");
  expect(readdirSync(workplace)).toEqual([]);
  must(["chmod", "700", cache.below("keys")]);
  const closed = restore();
  expect(closed.exitCode).toBe(4);
  expect(closed.stderr).toContain("permission denied");
  must(["chmod", "700", cache.path]);
  const shut = restore();
  expect(shut.exitCode).toBe(1);
  expect(shut.stderr).toContain(`cannot open the cache ${cache.path}: permission denied`);
});

testWith(["root", "setpriv"], "a cache for all, with several users who store into it", () => {
  const { executable, workplace } = executableForAll(scratch);
  const path = `${workplace}/cache`;
  must(["sh", "-c", `umask 0; mkdir ${path}`]);
  makeTree(scratch.path("roots"), dir({ same: file("same", { mtime: "@5" }), r: file("r") }));
  const rootStores = ["sh", "-c", 'umask 0; exec "$@"', "sh"];
  expect(
    btdt(["store", "-c", path, "-k", "root", scratch.path("roots")], { through: rootStores }).exitCode,
  ).toBe(0);
  must(
    [
      ...AS_NOBODY,
      "sh",
      "-c",
      "umask 0; mkdir tree && printf same > tree/same && touch -d @5 tree/same && printf n > tree/n",
    ],
    {
      cwd: workplace,
    },
  );
  const stored = run([
    ...AS_NOBODY,
    ...rootStores,
    executable,
    "store",
    "-c",
    path,
    "-k",
    "nobody",
    `${workplace}/tree`,
  ]);
  expect(stored).toMatchObject({ exitCode: 0 });
  for (const [as, name] of [
    [[], "root"],
    [AS_NOBODY, "nobody"],
  ] as const) {
    for (const key of ["root", "nobody"]) {
      const to = `${workplace}/${name}-restores-${key}`;
      expect(run([...as, executable, "restore", "-c", path, "-k", key, to])).toMatchObject({ exitCode: 0 });
      const source = key === "root" ? scratch.path("roots") : `${workplace}/tree`;
      expect(compareTrees(source, to)).toEqual([]);
    }
  }
});
