import { expect, test } from "bun:test";
import { FAKE_KEYS } from "../support/bucket-client.ts";
import { bucketVariables } from "../support/bucket-commands.ts";
import { FakeServer } from "../support/s3/fake-server.ts";
import { stressBucket } from "./bucket-stress.ts";

const DURATION_MS = 20_000;
const HOURS_MS = 60 * 60 * 1000;

test("twenty clients of a bucket, killed at any moment, while days pass: each tree is right, each key whole or a miss", async () => {
  const server = new FakeServer();
  server.buckets.set("cache", new Map());
  const seed = crypto.randomUUID().slice(0, 8);
  try {
    const bucket = {
      address: "s3://cache/stress",
      variables: bucketVariables(server.url, FAKE_KEYS),
      passDay: () => {
        server.clockOffsetMs += 26 * HOURS_MS;
      },
    };
    const { violations, counts } = await stressBucket(bucket, seed, DURATION_MS);
    expect({ seed, violations }).toEqual({ seed, violations: [] });
    for (const what of [
      "store ended with 0",
      "restore ended with 0",
      "clean ended with 0",
      "restore ended with 137",
    ])
      expect({ what, count: counts.get(what) ?? 0 }).not.toEqual({ what, count: 0 });
  } finally {
    await server.stop();
  }
}, 600_000);
