/** What a local cache keeps of an entry that was fetched from a bucket. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { FAKE_KEYS } from "../support/bucket-client.ts";
import { BUCKET, BucketCommands } from "../support/bucket-commands.ts";
import { snapshotTree } from "../support/compare-trees.ts";
import { BTDT, must } from "../support/executable.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { FakeServer } from "../support/s3/fake-server.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
let server: FakeServer;
beforeAll(() => {
  server = new FakeServer();
  server.buckets.set("cache", new Map());
});
afterAll(() => server.stop());

let near: string;
let far: BucketCommands;

beforeEach(async () => {
  near = scratch.directory("near");
  far = new BucketCommands(scratch, server.url, FAKE_KEYS, `${BUCKET}/${randomUUID()}`);
  const packages = dir({
    "index.js": file("module.exports = 1;\n"),
    "large.node": file(randomBytes(5_000_000)),
  });
  const target = dir({ "small.d": file("small"), "large.rlib": file(randomBytes(200_000)) });
  makeTree(scratch.path("tree"), dir({ node_modules: packages, target, src: file("fn main() {}\n") }));
  must([BTDT, "keygen", scratch.path("signing.key")]);
  await far.must(["store", "-k", "key", "--sign-key", "signing.key", "tree"]);
  server.requests.length = 0;
});

function restore(to: string, ...options: string[]) {
  return far.must(["restore", "-k", "key", ...options, to], { BTDT_LOCAL_CACHE: near });
}

/** The methods and the folders of all requests since the last call. */
function takeRequests(): string[] {
  const taken = server.requests.map(({ method, name }) => `${method} ${name.split("/").at(2)}`);
  server.requests.length = 0;
  return taken;
}

/** Restores from the local cache alone. */
function expectWhole(to: string): void {
  const restored = ["restore", "-c", near, "-k", "key", "--verify-key", scratch.path("signing.key.pub")];
  must([BTDT, ...restored, scratch.path(to)]);
  expect(snapshotTree(scratch.path(to))).toEqual(snapshotTree(scratch.path("tree")));
  must([BTDT, "verify", "-c", near]);
}

test("the next restore asks only for the key, and also links build state that no other tree has", async () => {
  await restore("first");
  expect(takeRequests().filter((request) => request === "GET packs").length).toBeGreaterThan(1);
  rmSync(scratch.path("first"), { recursive: true });
  const again = await restore("again");
  expect(takeRequests()).toEqual(["GET keys", "GET used"]);
  expect(again.stderr).toContain("3 linked, 2 copied");
  expect(snapshotTree(scratch.path("again"))).toEqual(snapshotTree(scratch.path("tree")));
  expectWhole("alone");
});

test("with --verify-key, the next restore finds the signed entry near, and checks it", async () => {
  const verifying = ["--verify-key", "signing.key.pub"];
  await restore("first", ...verifying);
  takeRequests();
  await restore("again", ...verifying);
  expect(takeRequests()).toEqual(["GET keys", "GET used"]);
  expectWhole("alone");
});

test("what the destination had already is fetched as well, so that the local cache has the whole entry", async () => {
  await far.must(["restore", "-k", "key", "to"]);
  rmSync(scratch.path("to", "src"));
  const merged = await restore("to");
  expect(merged.stderr).toContain("1 unpacked, 4 unchanged");
  takeRequests();
  await restore("again");
  expect(takeRequests()).toEqual(["GET keys", "GET used"]);
  expectWhole("alone");
});

testWith(["mount"], "on another file system, what was fetched is kept packed", async () => {
  near = mountTmpfs(scratch, "other", "20m");
  await restore("first");
  takeRequests();
  const again = await restore("again");
  expect(takeRequests()).toEqual(["GET keys", "GET used"]);
  expect(again.stderr).toContain("5 unpacked");
  expectWhole("alone");
});

testWith(
  ["strace"],
  "killed while it publishes something, it leaves a local cache that is sound",
  async () => {
    const words = ["restore", "-k", "key"];
    const traced = ["strace", "-f", "-qq", "-o", scratch.path("trace"), "-e", "trace=rename,renameat2"];
    await far.run([...words, scratch.path("traced")], { BTDT_LOCAL_CACHE: near }, traced);
    const calls = readFileSync(scratch.path("trace"), "utf8").match(/ rename(?:at2)?\(/g)?.length ?? 0;
    // The key, the pack, an object of build state, the destination's tree.
    for (const when of [calls, calls - 1, calls - 2, calls - 8]) {
      near = scratch.freshDirectory();
      const through = injecting({ calls: "rename,renameat2", what: `signal=KILL:when=${when}` });
      const killed = await far.run([...words, scratch.fresh("killed")], { BTDT_LOCAL_CACHE: near }, through);
      expect(killed).toMatchObject({ exitCode: 137 });
      must([BTDT, "verify", "-c", near]);
      await restore(`to-${when}`);
      expectWhole(`alone-${when}`);
    }
  },
);
