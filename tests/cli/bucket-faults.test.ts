/** What happens to commands when the server or what it holds is not as it should be. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { FAKE_KEYS } from "../support/bucket-client.ts";
import { BucketCommands } from "../support/bucket-commands.ts";
import { snapshotTree } from "../support/compare-trees.ts";
import { finishedOf } from "../support/executable.ts";
import { FakeServer, fail } from "../support/s3/fake-server.ts";
import { type Fault, FaultProxy } from "../support/s3/fault-proxy.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
let server: FakeServer;
let proxy: FaultProxy;
let commands: BucketCommands;
beforeAll(async () => {
  server = new FakeServer();
  proxy = await FaultProxy.start(server.url);
});
afterAll(async () => {
  await proxy.stop();
  await server.stop();
});
beforeEach(() => {
  server.buckets.set("cache", new Map());
  server.uploads.clear();
  server.intercept = () => undefined;
  proxy.choose = () => undefined;
  commands = new BucketCommands(scratch, proxy.url, FAKE_KEYS);
  makeTree(scratch.path("tree"), dir({ f: file("f"), large: file(randomBytes(3_000_000)) }));
});

const objects = () => server.buckets.get("cache") ?? new Map<string, never>();
const namesOf = (prefix: string) => [...objects().keys()].filter((name) => name.startsWith(prefix));

/** Changes a byte in the middle of the only pack. */
function damagePack(): void {
  const [pack = ""] = namesOf("btdt-v1/packs/");
  const object = objects().get(pack);
  if (object === undefined) throw new Error("there is no pack");
  const bytes = Buffer.from(object.bytes);
  bytes.writeUInt8(bytes.readUInt8(1_000_000) ^ 1, 1_000_000);
  objects().set(pack, { ...object, bytes });
}

/** The first request for each object, and each part of one, fails. */
function failEachOnce(fault: Fault): void {
  const seen = new Set<string>();
  proxy.choose = ({ method, target, headers }) => {
    const request = `${method} ${target} ${headers.range ?? ""}`;
    if (seen.has(request)) return undefined;
    seen.add(request);
    return fault;
  };
}

async function expectRestored(): Promise<void> {
  const { stderr } = await commands.must(["restore", "-k", "web-1", "to"]);
  expect(stderr).not.toContain("warning");
  expect(snapshotTree(scratch.path("to"))).toEqual(snapshotTree(scratch.path("tree")));
}

const BUSY: Fault = {
  kind: "answer",
  status: 503,
  body: '<?xml version="1.0"?><Error><Code>SlowDown</Code></Error>',
};

for (const [name, fault] of Object.entries({
  "503 SlowDown": BUSY,
  "a truncated answer": { kind: "truncate" },
} as const)) {
  test(`every request is repeated after ${name}`, async () => {
    failEachOnce(fault);
    await commands.must(["store", "-k", "web-1", "tree"]);
    await expectRestored();
  });
}

test("bytes that were changed on the way are fetched again", async () => {
  await commands.must(["store", "-k", "web-1", "tree"]);
  let count = 0;
  proxy.choose = ({ target, method }) =>
    method === "GET" && target.includes("/packs/") && ++count <= 1 ? { kind: "corrupt" } : undefined;
  await expectRestored();
});

test("a pack that is damaged in the bucket is a miss, and the next store uploads it again", async () => {
  await commands.must(["store", "-k", "web-1", "tree"]);
  damagePack();
  const missed = await commands.run(["restore", "-k", "web-1", "to"]);
  expect(missed.exitCode).toBe(4);
  expect(missed.stderr).toContain("warning");
  expect(existsSync(scratch.path("to"))).toBe(false);
  await commands.must(["store", "-k", "web-1", "tree"]);
  expect(namesOf("btdt-v1/packs/").length).toBe(2);
  await expectRestored();
});

test("verify finds damage, and the next store uploads it again", async () => {
  await commands.must(["store", "-k", "web-1,web", "tree"]);
  const sound = await commands.must(["verify"]);
  expect(sound.stdout).toMatch(/^Verified 2 keys, 0 objects, \d+ blocks? of packs \(2.9 MiB\)\n$/);
  damagePack();
  const found = await commands.run(["verify", "web-1", "web-2"]);
  expect(found.exitCode).toBe(1);
  expect(found.stdout).toMatch(
    /^Damaged web-1: 1 of \d+ blocks of its pack [0-9a-f]{32} are damaged\nVerified 1 key,/,
  );
  expect(found.stderr).toContain("not found: web-2");
  expect(namesOf("btdt-v1/condemned/").length).toBe(1);
  await commands.must(["store", "-k", "web-1", "tree"]);
  expect(await commands.run(["verify", "web-1"])).toMatchObject({ exitCode: 0 });
});

test("a pack that somebody has deleted is a miss, and the next store uploads it again", async () => {
  await commands.must(["store", "-k", "web-1", "tree"]);
  for (const pack of namesOf("btdt-v1/packs/")) objects().delete(pack);
  const missed = await commands.run(["restore", "-k", "web-1", "to"]);
  expect(missed.exitCode).toBe(4);
  expect(missed.stderr).toMatch(/its pack [0-9a-f]{32} is missing/);
  await commands.must(["store", "-k", "web-1", "tree"]);
  await expectRestored();
});

test("a bucket of a newer format is left alone", async () => {
  await commands.must(["store", "-k", "web-1", "tree"]);
  const format = objects().get("btdt-v1/format");
  if (format === undefined) throw new Error("there is no format");
  objects().set("btdt-v1/format", { ...format, bytes: Buffer.from("btdt bucket format 2\n") });
  const before = [...objects().keys()];
  for (const words of [
    ["store", "-k", "web-2", "tree"],
    ["clean", "--max-size", "0"],
  ])
    expect(await commands.run(words)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("was written by a newer btdt (format 2)"),
    });
  expect([...objects().keys()]).toEqual(before);
});

test("a redirect to another host is an error, and takes no token there", async () => {
  const other = await FaultProxy.start(server.url);
  const location = { location: `${other.url.origin}/cache/btdt-v1/keys/web-1` };
  proxy.choose = () => ({ kind: "answer", status: 307, headers: location });
  const refused = await commands.run(["restore", "-k", "web-1", "to"], { AWS_SESSION_TOKEN: "session" });
  expect(refused).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("redirects are not followed"),
  });
  expect(other.requests).toEqual([]);
  await other.stop();
});

test("an interrupted command ends at once although the server has stopped answering", async () => {
  const stalled = Promise.withResolvers<void>();
  server.intercept = () => {
    stalled.resolve();
    return new Promise<Response>(() => undefined);
  };
  // Not through the proxy, which would see connections end.
  const started = new BucketCommands(scratch, server.url, FAKE_KEYS).start(["restore", "-k", "web-1", "to"]);
  await stalled.promise;
  started.kill("SIGINT");
  expect(await finishedOf(started)).toMatchObject({ exitCode: 130, stdout: "" });
});

test("an interrupted store leaves no key and no upload", async () => {
  makeTree(scratch.path("huge"), dir({ f: file(randomBytes(90_000_000)) }));
  const stalled = Promise.withResolvers<void>();
  server.intercept = ({ method, query }) => {
    if (method !== "PUT" || !query.has("partNumber")) return undefined;
    stalled.resolve();
    return new Promise<Response>(() => undefined);
  };
  const started = new BucketCommands(scratch, server.url, FAKE_KEYS).start(["store", "-k", "web-1", "huge"]);
  await stalled.promise;
  server.intercept = () => undefined;
  started.kill("SIGTERM");
  expect((await finishedOf(started)).exitCode).toBe(143);
  expect([...objects().keys()]).toEqual([]);
  expect(server.uploads.size).toBe(0);
});

test("a clean ends uploads of killed stores, or says that it may not", async () => {
  await commands.must(["store", "-k", "web-1", "tree"]);
  const leave = (ageHours: number) =>
    server.uploads.set(`upload-${ageHours}`, {
      name: "btdt-v1/packs/0123456789abcdef0123456789abcdef",
      startedMs: Date.now() - ageHours * 60 * 60 * 1000,
      parts: new Map(),
    });
  for (const ageHours of [1, 47, 49]) leave(ageHours);
  expect((await commands.must(["clean", "--dry-run"])).stderr).toBe("");
  expect(server.uploads.size).toBe(3);
  await commands.must(["clean"]);
  expect([...server.uploads.keys()]).toEqual(["upload-1", "upload-47"]);
  server.intercept = ({ query }) => (query.has("uploads") ? fail(403, "AccessDenied") : undefined);
  const denied = await commands.must(["clean"]);
  expect(denied.stderr).toContain(
    "warning: could not look for uploads of killed stores: access to s3://cache is denied",
  );
});
