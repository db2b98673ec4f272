import { expect, test } from "bun:test";
import { chmodSync, readFileSync, utimesSync } from "node:fs";
import { basename, dirname } from "node:path";
import { TestCache } from "../support/cache.ts";
import { btdt, type Finished, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { type Injection, injecting } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

function storeObjects(count: number): void {
  const children = Array.from(
    { length: count },
    (_, index) => [`f${index}`, file(`content ${index}`)] as const,
  );
  makeTree(scratch.path("tree"), dir(Object.fromEntries(children)));
  cache.store("k", "tree", "--storage", "objects", "--link", "copy");
}

function verifyInjecting(injection: Injection): Finished {
  return btdt(["verify", "-c", cache.path], { through: injecting(injection) });
}

testWith(["strace"], "verify opens each object once, and looks up none by its name", () => {
  storeObjects(500);
  const trace = scratch.path("trace");
  const words = ["verify", "-c", cache.path];
  const through = ["strace", "-f", "-qq", "-o", trace, "-e", "trace=%file"];
  expect(btdt(words, { through }).stdout).toStartWith("Verified 1 key, 500 objects ");
  const calls = readFileSync(trace, "utf8")
    .split("\n")
    .filter((line) => line.includes("/btdt-v1/objects/"));
  const counts = new Map(cache.objects().map((name) => [basename(name), [] as string[]]));
  for (const call of calls) {
    const [, name = "", path = ""] = /^\d+ +(\w+)\([^"]*"([^"]+)"/.exec(call) ?? [];
    counts.get(basename(path))?.push(name);
  }
  expect([...counts.values()]).toEqual(Array.from({ length: 500 }, () => ["openat"]));
});

test("an object with another time is read and counted like the others", () => {
  storeObjects(10);
  const before = btdt(["verify", "-c", cache.path]);
  const [name = ""] = cache.objects();
  utimesSync(cache.below("objects", name), 5, 5);
  expect(btdt(["verify", "-c", cache.path])).toEqual(before);
});

testWith(["strace"], "an object that is replaced while it is read is read again", () => {
  storeObjects(3);
  for (const name of cache.objects()) {
    const path = cache.below("objects", name);
    const verified = verifyInjecting({ calls: "openat", what: "error=ENOENT:when=1", path });
    expect(verified).toMatchObject({ exitCode: 0, stderr: "" });
    expect(verified.stdout).toStartWith("Verified 1 key, 3 objects ");
  }
});

testWith(["strace"], "objects in a directory that cannot be read are unreadable, not missing", () => {
  storeObjects(3);
  const [name = ""] = cache.objects();
  const path = dirname(cache.below("objects", name));
  const verified = verifyInjecting({ calls: "openat,statx,lstat,newfstatat", what: "error=EIO", path });
  expect(verified.exitCode).toBe(1);
  expect(verified.stdout).not.toContain("Damaged");
  expect(verified.stderr).toContain(`cannot read objects/${basename(path)}: input/output error`);
});

testWith(["root", "setpriv"], "nor are those in a directory that this user may not enter", () => {
  storeObjects(3);
  const { executable, workplace } = executableForAll(scratch);
  const [name = ""] = cache.objects();
  chmodSync(dirname(cache.below("objects", name)), 0);
  const words = [...AS_NOBODY, executable, "verify", "-c", cache.path];
  const verified = run(words, { cwd: workplace });
  expect(verified.exitCode).toBe(1);
  expect(verified.stdout).not.toContain("Damaged");
  expect(verified.stderr).toContain(`k: the object ${basename(name)} cannot be examined: permission denied`);
});
