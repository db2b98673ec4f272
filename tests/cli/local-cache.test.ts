/** A cache directory in front of a bucket or of another cache directory. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FAKE_KEYS } from "../support/bucket-client.ts";
import { BUCKET, BucketCommands } from "../support/bucket-commands.ts";
import { snapshotTree } from "../support/compare-trees.ts";
import type { Finished } from "../support/executable.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { FakeServer } from "../support/s3/fake-server.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";
import { dir, file, makeTree, symlink } from "../support/tree.ts";

const scratch = Scratch.use();
let server: FakeServer;
beforeAll(() => {
  server = new FakeServer();
});
afterAll(() => server.stop());

const INDEX = "node_modules/left/index.js";
let far: string;
let near: string;
let commands: BucketCommands;
let nearCommands: BucketCommands;

function useFar(kind: "directory" | "bucket"): void {
  server.buckets.set("cache", new Map());
  far = kind === "bucket" ? `${BUCKET}/${randomUUID()}` : scratch.directory("far");
  near = scratch.directory("near");
  commands = new BucketCommands(scratch, server.url, FAKE_KEYS, far);
  nearCommands = new BucketCommands(scratch, server.url, FAKE_KEYS, near);
  const packages = dir({ left: dir({ "index.js": file("module.exports = 1;\n") }), link: symlink("left") });
  const state = file(randomBytes(300_000), { mode: 0o640 });
  makeTree(
    scratch.path("tree"),
    dir({ node_modules: packages, target: dir({ "state.bin": state }), empty: file("") }),
  );
  server.requests.length = 0;
}

function withNear(): Record<string, string> {
  return { BTDT_LOCAL_CACHE: near };
}

function restore(key: string, to: string, through: readonly string[] = []): Promise<Finished> {
  return commands.run(["restore", "-k", key, to], withNear(), through);
}

function expectTree(to: string, from = "tree"): void {
  expect(snapshotTree(scratch.path(to))).toEqual(snapshotTree(scratch.path(from)));
}

/** What was fetched of packs since the last call, in bytes. */
function fetchedBytes(): number {
  const ranges = server.requests.filter(({ method, name }) => method === "GET" && name.includes("/packs/"));
  server.requests.length = 0;
  return ranges.reduce((sum, { headers }) => {
    const [, start = "0", end = "0"] = /(\d+)-(\d+)/.exec(headers.get("range") ?? "") ?? [];
    return sum + Number(end) - Number(start) + 1;
  }, 0);
}

for (const kind of ["directory", "bucket"] as const) {
  describe(`in front of a ${kind}`, () => {
    beforeEach(() => useFar(kind));

    test("what it lacks is fetched and kept, and linked by the next restore", async () => {
      await commands.must(["store", "-k", "key", "tree"]);
      expect(await restore("key", "one")).toMatchObject({ exitCode: 0, stdout: "Restored key key\n" });
      fetchedBytes();
      const again = await restore("key", "two");
      expect(again.stderr).toContain("linked");
      expect(fetchedBytes()).toBe(0);
      for (const to of ["one", "two"]) expectTree(to);
      const inode = (name: string): number => statSync(scratch.path(name, INDEX)).ino;
      expect(inode("one")).toBe(inode("two"));
      expect(inode("one")).not.toBe(inode("tree"));
      expect(readdirSync(join(near, "btdt-v1/sessions"))).toEqual([]);
      expect((await nearCommands.must(["verify"])).stdout).toContain("Verified 1 key");
    });

    test("the far one decides what a key means", async () => {
      await commands.must(["store", "-k", "key,gone", "tree"]);
      for (const key of ["key", "gone"]) await restore(key, key);
      writeFileSync(scratch.path("tree", INDEX), "module.exports = 2;\n");
      await commands.must(["store", "-k", "key", "tree"]);
      await commands.must(["delete", "gone"]);
      rmSync(scratch.path("key"), { recursive: true });
      expect(await restore("key", "key")).toMatchObject({ exitCode: 0 });
      expectTree("key");
      expect(await restore("gone", "to")).toMatchObject({ exitCode: 4 });
      expect(await restore("gone,key", "fallback")).toMatchObject({ exitCode: 3 });
      expectTree("fallback");
    });

    test("a store goes to both, so that the next restore fetches nothing", async () => {
      for (const content of ["1", "2"]) {
        writeFileSync(scratch.path("tree", INDEX), content);
        await commands.must(["store", "-k", `key-${content}`, "tree"], withNear());
        fetchedBytes();
        expect(await restore(`key-${content}`, content)).toMatchObject({ exitCode: 0 });
        expect(fetchedBytes()).toBe(0);
        expectTree(content);
        expect(await commands.run(["lookup", "-k", `key-${content}`])).toMatchObject({ exitCode: 0 });
        expect(await nearCommands.run(["lookup", "-k", `key-${content}`])).toMatchObject({ exitCode: 0 });
      }
      const words = ["run", "-k", "made", "out", "--", "sh", "-c", "mkdir out && echo 1 >out/f"];
      await commands.must(words, withNear());
      for (const each of [commands, nearCommands])
        expect(await each.run(["lookup", "-k", "made"])).toMatchObject({ exitCode: 0 });
    });

    test("an entry of several paths, stored from the working directory, goes back there", async () => {
      makeTree(scratch.path("single"), file("single", { mode: 0o600 }));
      await commands.must(["store", "-k", "key", "tree", "single"]);
      for (const expected of ["unpacked|copied|linked", "linked"]) {
        for (const name of ["tree", "single"]) {
          rmSync(scratch.path(`kept-${name}`), { recursive: true, force: true });
          renameSync(scratch.path(name), scratch.path(`kept-${name}`));
        }
        const restored = await commands.must(["restore", "-k", "key"], withNear());
        expect(restored.stderr).toMatch(new RegExp(expected));
        for (const name of ["tree", "single"]) expectTree(name, `kept-${name}`);
      }
    });

    test("what is damaged in it is fetched again", async () => {
      await commands.must(["store", "-k", "key", "tree"]);
      await restore("key", "one");
      rmSync(scratch.path("one"), { recursive: true });
      for (const name of readdirSync(join(near, "btdt-v1/objects"), { recursive: true }).map(String)) {
        if (name.includes("/")) truncateSync(join(near, "btdt-v1/objects", name), 1);
      }
      expect(await restore("key", "two")).toMatchObject({ exitCode: 0 });
      expectTree("two");
      expect((await nearCommands.run(["verify"])).stdout).not.toContain("Damaged");
    });

    testWith(["strace"], "after a kill at any point, the next restore is whole", async () => {
      await commands.must(["store", "-k", "key", "tree"]);
      for (const [calls, when] of [
        ["linkat,link", 1],
        ["linkat,link", 3],
        ["rename,renameat2", 2],
        ["rename,renameat2", 4],
      ] as const) {
        rmSync(near, { recursive: true });
        mkdirSync(near);
        const kill = injecting({ calls, what: `signal=KILL:when=${when}` });
        expect(await restore("key", scratch.fresh("killed"), kill)).toMatchObject({ exitCode: 137 });
        const to = `to-${calls.length}-${when}`;
        expect(await restore("key", to)).toMatchObject({ exitCode: 0 });
        expectTree(to);
      }
      await nearCommands.must(["clean"]);
      expect(readdirSync(join(near, "btdt-v1/sessions"))).toEqual([]);
      expect((await nearCommands.run(["verify"])).stdout).not.toContain("Damaged");
    });

    testWith(["mount"], "one that is full, missing or read-only is done without", async () => {
      await commands.must(["store", "-k", "key", "tree"]);
      const missing = scratch.path("missing");
      near = missing;
      const without = await restore("key", "one");
      expect(without.stderr).toContain("does not exist; going on without a local cache");
      near = mountTmpfs(scratch, "small", "200k");
      const full = await restore("key", "two");
      expect(full.stderr).toMatch(/the entry of key key is not kept in .*: /);
      const stored = await commands.must(["store", "-k", "key-2", "tree"], withNear());
      expect(stored.stderr).toContain(`the entry is not kept in ${near}: `);
      near = scratch.directory("untouched");
      expect(await commands.run(["restore", "--read-only", "-k", "key", "three"], withNear())).toMatchObject({
        exitCode: 0,
      });
      expect(readdirSync(near)).toEqual([]);
      for (const to of ["one", "two", "three"]) expectTree(to);
    });
  });
}

describe("a bucket", () => {
  beforeEach(() => useFar("bucket"));

  test("is asked only for what the local cache lacks of an entry", async () => {
    await commands.must(["store", "-k", "key-1", "tree"]);
    await restore("key-1", "one");
    expect(fetchedBytes()).toBeGreaterThan(300_000);
    writeFileSync(scratch.path("tree", "more"), "more");
    await commands.must(["store", "-k", "key-2", "tree"]);
    fetchedBytes();
    expect(await restore("key-2", "two")).toMatchObject({ exitCode: 0 });
    expect(fetchedBytes()).toBeLessThan(20_000);
    expectTree("two");
  });
});

test("of a volume, what the local cache has of an entry is not read", async () => {
  useFar("directory");
  await commands.must(["store", "-k", "key-1", "tree"]);
  await restore("key-1", "one");
  writeFileSync(scratch.path("tree", "more"), "more");
  await commands.must(["store", "-k", "key-2", "tree"]);
  const objects = join(far, "btdt-v1/objects");
  for (const name of readdirSync(objects, { recursive: true }).map(String)) {
    if (name.includes("/") && statSync(join(objects, name)).size > 4) rmSync(join(objects, name));
  }
  expect(await restore("key-2", "two")).toMatchObject({ exitCode: 0 });
  expectTree("two");
  expect((await nearCommands.must(["verify", "key-2"])).stdout).toContain("Verified 1 key");
});
