/** What happens between a client and a server that does not always work. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { BtdtError } from "../../src/base/errors.ts";
import type { ObjectStore } from "../../src/bucket/object-store.ts";
import { connect, openStore } from "../support/bucket-client.ts";
import { rejection } from "../support/rejection.ts";
import { FakeServer } from "../support/s3/fake-server.ts";
import { type Fault, FaultProxy } from "../support/s3/fault-proxy.ts";
import { listNames } from "../support/store-contract.ts";

let server: FakeServer;
let proxy: FaultProxy;
let store: ObjectStore;
const content = randomBytes(300_000);

beforeAll(async () => {
  server = new FakeServer();
  proxy = await FaultProxy.start(server.url);
});
afterAll(async () => {
  await proxy.stop();
  await server.stop();
});
beforeEach(async () => {
  proxy.choose = () => undefined;
  server.buckets.set("cache", new Map());
  server.uploads.clear();
  store = openStore(proxy.url);
  await store.put("packs/1", content);
  proxy.requests.length = 0;
});

/** The first `count` requests fail. */
function failFirst(count: number, fault: Fault): void {
  proxy.choose = (_, number) => (number <= count ? fault : undefined);
}

async function expectContent(range?: { startBytes: number; endBytes: number }): Promise<void> {
  const found = await store.get("packs/1", range);
  if (found.kind !== "found") throw new Error("the object is missing");
  expect(Buffer.from(found.bytes).equals(content.subarray(range?.startBytes, range?.endBytes))).toBe(true);
}

const error = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;
const TRANSIENT: Readonly<Record<string, Fault>> = {
  "503 SlowDown": { kind: "answer", status: 503, body: error("SlowDown") },
  "500 without a body": { kind: "answer", status: 500 },
  "502 with a page of a proxy's": { kind: "answer", status: 502, body: "<html><body>Bad gateway" },
  "429": { kind: "answer", status: 429, body: "" },
  "400 RequestTimeout": { kind: "answer", status: 400, body: error("RequestTimeout") },
  "a closed connection": { kind: "close", isServed: false },
  "a lost answer": { kind: "close", isServed: true },
  "a truncated answer": { kind: "truncate" },
};

for (const [name, fault] of Object.entries(TRANSIENT)) {
  test(`requests are repeated after ${name}`, async () => {
    failFirst(5, fault);
    await expectContent();
    proxy.requests.length = 0;
    await expectContent({ startBytes: 1000, endBytes: 200_000 });
    proxy.requests.length = 0;
    expect(await listNames(store, "")).toEqual(["packs/1"]);
    proxy.requests.length = 0;
    await store.put("keys/a", Buffer.from("a"));
    proxy.requests.length = 0;
    await store.delete(["packs/1", "keys/a"]);
    expect(proxy.requests.length).toBe(6);
  });
}

test("a server that keeps failing is unavailable after six attempts", async () => {
  failFirst(1000, TRANSIENT["503 SlowDown"] as Fault);
  const failure = await rejection(store.get("packs/1"));
  expect(failure.code).toBe("BUCKET_UNAVAILABLE");
  expect(failure.message).toBe(
    `s3://cache cannot be reached at ${proxy.url.origin}: it keeps answering 503 SlowDown`,
  );
  expect(proxy.requests.length).toBe(6);
});

test("a server in trouble is not loaded with repeated requests without end", async () => {
  failFirst(10_000, { kind: "answer", status: 500 });
  await Promise.all(Array.from({ length: 40 }, () => rejection(store.get("packs/1"))));
  expect(proxy.requests.length).toBe(40 + 100);
});

test("a body that stalls is asked for again", async () => {
  store = openStore(proxy.url, { connection: { ca: undefined, stallMs: 200 } });
  failFirst(1, { kind: "stall" });
  await expectContent();
  failFirst(1000, { kind: "stall" });
  const failure = await rejection(store.get("packs/1"));
  expect(failure.message).toEndWith("it has stopped sending");
});

test("a redirect to another host is not followed: it would receive the token", async () => {
  const other = await FaultProxy.start(server.url);
  const keys = { accessKeyId: "AKIDFAKE", secretAccessKey: "fake-secret", sessionToken: "session-token" };
  const location = { location: `${other.url.origin}/cache/packs/1` };
  proxy.choose = () => ({ kind: "answer", status: 307, headers: location, body: error("TemporaryRedirect") });
  const failure = await rejection(openStore(proxy.url, {}, keys).get("packs/1"));
  expect(failure.code).toBe("BUCKET_NOT_ACCESSIBLE");
  expect(failure.message).toContain("307 TemporaryRedirect");
  expect(proxy.requests[0]?.headers["x-amz-security-token"]).toBe("session-token");
  expect(other.requests).toEqual([]);
  await other.stop();
});

test("requests are signed again for the region that an answer names", async () => {
  proxy.choose = ({ headers }) =>
    headers.authorization?.includes("/eu-west-2/s3/") === true
      ? undefined
      : {
          kind: "answer",
          status: 301,
          headers: { "x-amz-bucket-region": "eu-west-2" },
          body: error("PermanentRedirect"),
        };
  await expectContent();
  await expectContent();
  expect(proxy.requests.length).toBe(3);
});

test("an answer that names no region, or none that could be one, is an error", async () => {
  for (const region of ["", "evil.example.com", "us-east-1"]) {
    const headers = { "x-amz-bucket-region": region };
    proxy.choose = () => ({ kind: "answer", status: 301, headers, body: error("PermanentRedirect") });
    expect((await rejection(store.get("packs/1"))).message).toContain("301 PermanentRedirect");
  }
  expect(proxy.requests.length).toBe(3);
});

test("a page of a proxy's is neither an object, nor a miss, nor a listing", async () => {
  for (const status of [200, 404]) {
    proxy.choose = () => ({ kind: "answer", status, body: "<html><body>Please sign in" });
    for (const request of [
      () => store.get("packs/1"),
      () => store.get("a", { startBytes: 0, endBytes: 9 }),
      () => listNames(store, ""),
    ])
      expect((await rejection(request())).code).toBe("BUCKET_NOT_ACCESSIBLE");
  }
});

test("a listing that never ends, or names what was not asked for, is an error", async () => {
  const list = (xml: string) => {
    proxy.choose = () => ({
      kind: "answer",
      status: 200,
      body: `<ListBucketResult>${xml}</ListBucketResult>`,
    });
    return rejection(listNames(store, "keys/"));
  };
  const contents = (name: string, size: string) =>
    `<Contents><Key>${name}</Key><Size>${size}</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>`;
  const truncated = "<IsTruncated>true</IsTruncated>";
  for (const xml of [
    truncated,
    `${truncated}<NextContinuationToken>same</NextContinuationToken>`,
    contents("team a/ci/packs/1", "5"),
    contents("team a/ci/keys/1", "-5"),
    contents("team a/ci/keys/1", "9007199254740993"),
    `<EncodingType>url</EncodingType>${contents("team%20a/ci/keys/%zz", "5")}`,
    "<!DOCTYPE x [<!ENTITY e 'x'>]>",
  ])
    expect((await list(xml)).code).toBe("BUCKET_NOT_ACCESSIBLE");
});

test("an answer that is longer than the range that was asked for is an error, and not kept in memory", async () => {
  server.intercept = () => new Response(new Uint8Array(1_000_000), { status: 206 });
  const failure = await rejection(store.get("packs/1", { startBytes: 0, endBytes: 70_000 }));
  server.intercept = () => undefined;
  expect(failure.message).toContain("longer than was asked for");
});

test("a request ends with the signal of its client, with its reason", async () => {
  const controller = new AbortController();
  const cancellable = connect(proxy.url, { signal: controller.signal });
  failFirst(1, { kind: "stall" });
  const pending = rejection(
    cancellable.send({ method: "GET", name: "team a/ci/packs/1", mostAnswerBytes: 1e6 }),
  );
  controller.abort();
  expect((await pending).code).toBe("CANCELLED");
  const reason = new BtdtError("BUCKET_UNAVAILABLE", "too late");
  const late = connect(proxy.url, { signal: AbortSignal.abort(reason) });
  expect(await rejection(late.send({ method: "GET", name: "a", mostAnswerBytes: 10 }))).toBe(reason);
});
