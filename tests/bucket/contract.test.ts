import { afterAll, beforeAll, describe } from "bun:test";
import { randomUUID } from "node:crypto";
import type { BucketAddress } from "../../src/bucket/address.ts";
import { createBearer } from "../../src/bucket/bearer.ts";
import { connect, openStore, TEST_ADDRESS } from "../support/bucket-client.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { describeWith } from "../support/requirements.ts";
import { CEPH_KEYS, CEPH_PROGRAMS } from "../support/s3/ceph.ts";
import { useCephBucket } from "../support/s3/ceph-bucket.ts";
import { FakeServer } from "../support/s3/fake-server.ts";
import { VERSITY_KEYS, VersityServer } from "../support/s3/versitygw.ts";
import { testStoreContract } from "../support/store-contract.ts";

describe("the store in memory", () => {
  testStoreContract(() => Promise.resolve(new MemoryStore()));
});

/** Each call has a part of the bucket for itself. */
function newAddress(provider: BucketAddress["provider"] = "s3"): BucketAddress {
  return { ...TEST_ADDRESS, provider, prefix: `team a/${randomUUID()}` };
}

describe("a server in memory, which checks signatures", () => {
  let server: FakeServer;
  beforeAll(() => {
    server = new FakeServer();
    server.pageSize = 7;
    server.buckets.set("cache", new Map());
  });
  afterAll(() => server.stop());
  testStoreContract(() => Promise.resolve(openStore(server.url, { address: newAddress() })));
});

describe("a server that takes bearer tokens and cannot delete several objects at once", () => {
  let server: FakeServer;
  beforeAll(() => {
    server = new FakeServer();
    server.hasBatchDelete = false;
    server.accounts.clear();
    server.bearerTokens.add("token");
    server.buckets.set("cache", new Map());
  });
  afterAll(() => server.stop());
  const authorizer = createBearer({ current: () => Promise.resolve("token"), renew: () => undefined });
  testStoreContract(() => Promise.resolve(openStore(server.url, { address: newAddress("gs"), authorizer })));
});

describeWith(CEPH_PROGRAMS, "Ceph", () => {
  let url: URL;
  beforeAll(async () => {
    url = await useCephBucket();
  }, 120_000);
  testStoreContract(() => Promise.resolve(openStore(url, { address: newAddress() }, CEPH_KEYS)));
});

describeWith(["versitygw"], "versitygw", () => {
  let server: VersityServer;
  beforeAll(async () => {
    server = await VersityServer.start();
    await connect(server.url, {}, VERSITY_KEYS).send({ method: "PUT", name: "", mostAnswerBytes: 65_536 });
  }, 120_000);
  afterAll(() => server.stop());
  const open = () => Promise.resolve(openStore(server.url, { address: newAddress() }, VERSITY_KEYS));
  testStoreContract(open, true);
});
