import { expect } from "bun:test";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { TestCache } from "../support/cache.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, must, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();

/** A cache of an unprivileged user, with the tree's path, in which its owner may not read the objects. */
function storeUnreadable(): { readonly workplace: string; readonly restore: (to: string) => string[] } {
  const { executable, workplace } = executableForAll(scratch);
  makeTree(scratch.path("tree"), dir({ tool: file("tool", { mode: 0o755, mtime: "@1000.123456789" }) }));
  must(["cp", "-a", scratch.path("tree"), `${workplace}/tree`]);
  must(["chown", "-R", "65534:65534", workplace]);
  const words = [...AS_NOBODY, executable];
  const options = ["-c", `${workplace}/cache`, "-k", "key"];
  must([...words, "store", ...options, "--create-cache", "--link", "hard", `${workplace}/tree`]);
  must(["chmod", "-R", "u-rwx", ...objectsIn(workplace)]);
  return {
    workplace,
    restore: (to) => [...words, "restore", ...options, "--link", "hard", `${workplace}/${to}`],
  };
}

function objectsIn(workplace: string): string[] {
  const objects = `${workplace}/cache/btdt-v1/objects`;
  const names = readdirSync(objects, { recursive: true }).map(String);
  return names.filter((name) => name.includes("/")).map((name) => `${objects}/${name}`);
}

testWith(
  ["strace"],
  "an object that cannot be read in the middle of a restore is not the destination's fault",
  () => {
    makeTree(scratch.path("tree"), dir({ a: file("a"), b: file("b") }));
    const cache = new TestCache(scratch, "--link", "copy");
    cache.store("key", "tree");
    const [name = ""] = cache.objects();
    for (const error of ["EIO", "ESTALE"]) {
      const path = cache.below("objects", name);
      const through = injecting({ calls: "read,pread64", what: `error=${error}`, path });
      const missed = btdt(cache.restoreWords("key", "to"), { through });
      expect({ error, exitCode: missed.exitCode }).toEqual({ error, exitCode: 4 });
      expect(missed.stderr).toContain("the entry of key key cannot be used and counts as a miss: ");
      expect(missed.stderr).not.toContain(scratch.path("to"));
      expect(existsSync(path)).toBe(true);
    }
    expect(cache.restore("key", "to").exitCode).toBe(0);
    expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  },
);

testWith(["root", "linux"], "objects that their owner may not read are mended where they are", () => {
  const { workplace, restore } = storeUnreadable();
  rmSync(`${workplace}/tree`, { recursive: true });
  const inodes = objectsIn(workplace).map((path) => statSync(path).ino);
  const restored = run(restore("to"));
  expect(restored).toMatchObject({ exitCode: 0, stdout: "Restored key key\n" });
  expect(restored.stderr).toContain("1 linked (1 mended)");
  expect(compareTrees(scratch.path("tree"), `${workplace}/to`)).toEqual([]);
  expect(objectsIn(workplace).map((path) => statSync(path).ino)).toEqual(inodes);
});

testWith(["root", "linux"], "objects that a tree links to, and that cannot be read, are left alone", () => {
  const { workplace, restore } = storeUnreadable();
  const before = objectsIn(workplace).map((path) => statSync(path).mode);
  expect(run(restore("to")).exitCode).toBe(4);
  expect(statSync(`${workplace}/tree/tool`).mode & 0o7777).toBe(0o055);
  expect(objectsIn(workplace).map((path) => statSync(path).mode)).toEqual(before);
});

testWith(
  ["root", "linux", "strace"],
  "objects that cannot be mended keep the mode that refuses reading",
  () => {
    const { workplace, restore } = storeUnreadable();
    rmSync(`${workplace}/tree`, { recursive: true });
    const [path = ""] = objectsIn(workplace);
    // Neither a lease on the object nor a new file under its name.
    chmodSync(dirname(path), 0o555);
    const trace = scratch.path("trace");
    const through = injecting({ calls: "fcntl", what: "error=EACCES", path }, trace);
    const restored = run([...through, ...restore("to")]);
    expect(readFileSync(trace, "utf8")).toContain("INJECTED");
    expect(restored.exitCode).toBe(0);
    expect(restored.stderr).toContain("1 copied (1 mended)");
    expect(compareTrees(scratch.path("tree"), `${workplace}/to`)).toEqual([]);
    expect(statSync(path).mode & 0o7777).toBe(0o055);
  },
);

testWith(["root", "linux"], "an edited object is removed, even if its owner may not read it", () => {
  const { workplace, restore } = storeUnreadable();
  rmSync(`${workplace}/tree`, { recursive: true });
  const [path = ""] = objectsIn(workplace);
  writeFileSync(path, "evil");
  const missed = run(restore("to"));
  expect(missed.exitCode).toBe(4);
  expect(missed.stderr).toContain("tool was changed through a hard link");
  expect(objectsIn(workplace)).toEqual([]);
});
