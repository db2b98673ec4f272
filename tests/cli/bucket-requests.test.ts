import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { FAKE_KEYS } from "../support/bucket-client.ts";
import { BucketCommands } from "../support/bucket-commands.ts";
import { FakeServer } from "../support/s3/fake-server.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
let server: FakeServer;
let commands: BucketCommands;
beforeAll(() => {
  server = new FakeServer();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.buckets.set("cache", new Map());
  commands = new BucketCommands(scratch, server.url, FAKE_KEYS);
});

/** The number of requests that a command takes. */
async function countRequests(...words: readonly string[]): Promise<number> {
  server.requests.length = 0;
  await commands.must(words);
  return server.requests.length;
}

test("an entry of 100 MB is stored in at most 16 requests, and restored in as many", async () => {
  mkdirSync(scratch.path("tree"));
  // Random bytes do not compress.
  for (let number = 0; number < 5; number++)
    writeFileSync(scratch.path("tree", `f${number}`), randomBytes(20_000_000));
  expect(await countRequests("store", "-k", "key-1", "tree")).toBeLessThanOrEqual(16);
  expect(await countRequests("restore", "-k", "key-1", "to")).toBeLessThanOrEqual(16);
  writeFileSync(scratch.path("tree", "f0"), "changed");
  expect(await countRequests("store", "-k", "key-2", "tree")).toBeLessThanOrEqual(8);
});
