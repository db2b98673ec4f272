import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { randomBytes, randomUUID } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { connect, FAKE_KEYS } from "../support/bucket-client.ts";
import { BUCKET, BucketCommands } from "../support/bucket-commands.ts";
import { snapshotTree } from "../support/compare-trees.ts";
import { BTDT, must } from "../support/executable.ts";
import { describeWith } from "../support/requirements.ts";
import { CEPH_KEYS, CEPH_PROGRAMS } from "../support/s3/ceph.ts";
import { useCephBucket } from "../support/s3/ceph-bucket.ts";
import { FakeServer } from "../support/s3/fake-server.ts";
import { VERSITY_KEYS, VersityServer } from "../support/s3/versitygw.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, symlink } from "../support/tree.ts";

const scratch = Scratch.use();

const TREE = dir({
  "package.json": file('{ "name": "web" }'),
  lib: dir({
    "large.bin": file(new Uint8Array(9_000_000).map((_, index) => (index * 7) ^ (index >> 9))),
    empty: file(""),
    run: file("#!/bin/sh\n", { mode: 0o755 }),
    link: symlink("run"),
  }),
});

/** `open` returns commands on a part of a bucket that has nothing in it. */
function testCommands(open: () => BucketCommands): void {
  let commands: BucketCommands;
  beforeEach(() => {
    commands = open();
    makeTree(scratch.path("tree"), TREE);
  });

  test("what was stored is restored, by its key, a fallback key and a prefix", async () => {
    await commands.must(["store", "-k", "web-1,web", "tree"]);
    const hit = await commands.must(["restore", "-k", "web-1", "hit"]);
    expect(hit.stdout).toBe("Restored key web-1\n");
    expect(snapshotTree(scratch.path("hit"))).toEqual(snapshotTree(scratch.path("tree")));
    expect(await commands.run(["restore", "-k", "web-2,web", "fallback"])).toMatchObject({ exitCode: 3 });
    expect(await commands.run(["restore", "-k", "x", "--fallback-prefix", "web", "prefix"])).toMatchObject({
      exitCode: 3,
    });
    for (const name of ["fallback", "prefix"])
      expect(snapshotTree(scratch.path(name))).toEqual(snapshotTree(scratch.path("tree")));
    expect(await commands.run(["lookup", "-k", "web"])).toMatchObject({
      exitCode: 0,
      stdout: "Found key web\n",
    });
  });

  test("a miss is a miss, and says what the bucket has", async () => {
    const empty = await commands.run(["restore", "-k", "web-1", "to"]);
    expect(empty).toMatchObject({ exitCode: 4, stdout: "" });
    expect(empty.stderr).toContain("Keys not found in cache.\n");
    expect(empty.stderr).toContain("the cache is empty");
    await commands.must(["store", "-k", "web-1", "tree"]);
    const miss = await commands.run(["lookup", "-k", "web-2"]);
    expect(miss.exitCode).toBe(4);
    expect(miss.stderr).toContain("the cache has web-1, stored");
  });

  test("a second store uploads only what has changed", async () => {
    await commands.must(["store", "-k", "web-1", "tree"]);
    makeTree(scratch.path("tree", "more"), dir({ f: file("more") }));
    const stored = await commands.must(["store", "--json", "-k", "web-2", "tree"]);
    const { newBytes, fileCounts } = JSON.parse(stored.stdout);
    expect(fileCounts).toMatchObject({ packed: 1, reused: 3 });
    expect(newBytes).toBeLessThan(2000);
    await commands.must(["restore", "-k", "web-2", "to"]);
    expect(snapshotTree(scratch.path("to"))).toEqual(snapshotTree(scratch.path("tree")));
  });

  test("only signed entries are restored, and their bytes are checked", async () => {
    await commands.must(["store", "-k", "plain", "tree/lib"]);
    must([BTDT, "keygen", scratch.path("signing.key")]);
    await commands.must(["store", "-k", "web-1", "--sign-key", "signing.key", "tree"]);
    const trust = ["--verify-key", "signing.key.pub"];
    const refused = await commands.run(["restore", "-k", "plain", ...trust, "to"]);
    expect(refused.exitCode).toBe(4);
    expect(refused.stderr).toContain("counts as a miss: it is not signed\n");
    expect(await commands.run(["restore", "-k", "plain,web-1", ...trust, "to"])).toMatchObject({
      exitCode: 3,
    });
    expect(snapshotTree(scratch.path("to"))).toEqual(snapshotTree(scratch.path("tree")));
    expect(await commands.run(["lookup", "-k", "plain", ...trust])).toMatchObject({ exitCode: 4 });
    const listed = JSON.parse((await commands.must(["list", "--json", "--prefix", "web"])).stdout);
    expect(listed.entries).toMatchObject([
      { key: "web-1", signedBy: expect.stringMatching(/^[0-9a-f]{16}$/) },
    ]);
  });

  test("a command is run after a miss, and its results are stored", async () => {
    const words = ["run", "-k", "web-1", "out", "--", "sh", "-c", "mkdir -p out && echo once >> out/f"];
    await commands.must(words);
    rmSync(scratch.path("out"), { recursive: true });
    await commands.must(words);
    expect(readFileSync(scratch.path("out", "f"), "utf8")).toBe("once\n");
  });

  test("an entry is inspected, exported and imported", async () => {
    await commands.must(["store", "-k", "web-1", "tree"]);
    makeTree(scratch.path("tree", "more"), dir({ f: file("more") }));
    await commands.must(["store", "-k", "web-2", "tree"]);
    expect((await commands.must(["inspect", "web-2", "--diff", "web-1"])).stdout).toBe("- more\n- more/f\n");
    const exported = await commands.runToFile(["export", "-k", "web-3,web-2"], "web.tar");
    expect(exported.exitCode).toBe(3);
    await commands.must(["import", "-k", "copy", "web.tar"]);
    await commands.must(["restore", "-k", "copy", "to"]);
    const options = { withRoot: false };
    expect(snapshotTree(scratch.path("to"), options)).toEqual(snapshotTree(scratch.path("tree"), options));
    expect(await commands.run(["inspect", "web-3"])).toMatchObject({ exitCode: 4 });
  });

  test("a store evicts the least recently used entries to keep the bucket below a size", async () => {
    for (const name of ["a", "b", "c"]) {
      makeTree(scratch.path(name), dir({ f: file(randomBytes(100_000)) }));
      const stored = await commands.must(["store", "--max-size", "250kB", "-k", name, name]);
      expect(stored.stderr.includes("evicted 1 entry to make room: frees ")).toBe(name === "c");
      // Some servers keep whole seconds: otherwise, any of the others could be the one used least recently.
      if (name === "a") await Bun.sleep(1100);
    }
    expect(await commands.run(["lookup", "-k", "a"])).toMatchObject({ exitCode: 4 });
    expect(await commands.run(["lookup", "-k", "c"])).toMatchObject({ exitCode: 0 });
  });

  test("keys are listed, measured, deleted and evicted", async () => {
    await commands.must(["store", "-k", "web-1", "tree"]);
    await commands.must(["store", "-k", "api-1", "tree/lib"]);
    const listed = JSON.parse((await commands.must(["list", "--json", "--prefix", "web"])).stdout);
    expect(listed.entries).toMatchObject([{ key: "web-1", fileCount: 4 }]);
    expect((await commands.must(["stats"])).stdout).toStartWith("2 entries under 2 keys: ");
    const planned = await commands.must(["delete", "--dry-run", "--prefix", "api"]);
    expect(planned.stdout).toMatch(/^Would delete key api-1\nA clean in a day or two would free .*\n$/);
    expect((await commands.must(["delete", "api-1"])).stdout).toBe("Deleted key api-1\n");
    expect(await commands.run(["delete", "api-1"])).toMatchObject({ exitCode: 4 });
    const kept = await commands.must(["clean", "--max-age", "1d"]);
    expect(kept.stdout).toContain("Kept 1 entry");
    const cleaned = await commands.must(["clean", "--max-size", "0"]);
    expect(cleaned.stdout).toMatch(
      /^Removed web-1 \(size\).*\n\d packs? \(.*\) not needed now: .*\nKept 0 entries, 0 B\n$/,
    );
    expect(await commands.run(["restore", "-k", "web-1", "to"])).toMatchObject({ exitCode: 4 });
    expect(readdirSync(scratch.path())).toEqual(["tree"]);
  });
}

describe("a server in memory", () => {
  let server: FakeServer;
  beforeAll(() => {
    server = new FakeServer();
    server.buckets.set("cache", new Map());
  });
  afterAll(() => server.stop());
  testCommands(() => new BucketCommands(scratch, server.url, FAKE_KEYS, `${BUCKET}/${randomUUID()}`));
});

describe("Google's storage, imitated", () => {
  let server: FakeServer;
  let metadata: Bun.Server<undefined>;
  beforeAll(() => {
    server = new FakeServer();
    server.accounts.clear();
    server.bearerTokens.add("token");
    server.buckets.set("cache", new Map());
    const fetch = () => Response.json({ access_token: "token", expires_in: 3600, token_type: "Bearer" });
    metadata = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch });
  });
  afterAll(async () => {
    await Promise.all([server.stop(), metadata.stop(true)]);
  });

  test("takes the token of the machine", async () => {
    makeTree(scratch.path("tree"), TREE);
    const variables = {
      BTDT_GS_ENDPOINT_URL: server.url.href,
      GCE_METADATA_HOST: `127.0.0.1:${metadata.port}`,
    };
    const commands = new BucketCommands(scratch, server.url, FAKE_KEYS, "gs://cache/google", variables);
    await commands.must(["store", "-k", "web-1", "tree"]);
    await commands.must(["restore", "-k", "web-1", "to"]);
    expect(snapshotTree(scratch.path("to"))).toEqual(snapshotTree(scratch.path("tree")));
  });
});

describeWith(CEPH_PROGRAMS, "Ceph", () => {
  let url: URL;
  beforeAll(async () => {
    url = await useCephBucket();
  }, 120_000);
  testCommands(() => new BucketCommands(scratch, url, CEPH_KEYS, `${BUCKET}/${randomUUID()}`));
});

describeWith(["versitygw"], "versitygw", () => {
  let server: VersityServer;
  beforeAll(async () => {
    server = await VersityServer.start();
    await connect(server.url, {}, VERSITY_KEYS).send({ method: "PUT", name: "", mostAnswerBytes: 65_536 });
  }, 120_000);
  afterAll(() => server.stop());
  testCommands(() => new BucketCommands(scratch, server.url, VERSITY_KEYS, `${BUCKET}/${randomUUID()}`));
});
