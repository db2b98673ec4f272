import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import type { BucketStore } from "../../src/bucket/bucket-store.ts";
import { openStore } from "../support/bucket-client.ts";
import { rejection } from "../support/rejection.ts";
import { type FakeRequest, FakeServer, fail } from "../support/s3/fake-server.ts";
import { type Fault, FaultProxy } from "../support/s3/fault-proxy.ts";

const MEBIBYTE = 1024 * 1024;
/** Large enough for parts. */
const content = randomBytes(65 * MEBIBYTE + 5);

let server: FakeServer;
let proxy: FaultProxy;
let store: BucketStore;

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
  server.requests.length = 0;
  server.intercept = () => undefined;
  proxy.choose = () => undefined;
  proxy.requests.length = 0;
  store = openStore(proxy.url);
});

async function upload(bytes: Uint8Array = content): Promise<void> {
  const target = store.upload("packs/1");
  try {
    await target.write(bytes);
    await target.finish();
  } catch (error) {
    await target.abort();
    throw error;
  }
}

function stored(): Buffer {
  return Buffer.from(server.buckets.get("cache")?.get("team a/ci/packs/1")?.bytes ?? []);
}

const isComplete = ({ method, query }: FakeRequest) => method === "POST" && query.has("uploadId");
const isPart = ({ method, query }: FakeRequest) => method === "PUT" && query.has("uploadId");

test("all parts have the same size but the last", async () => {
  await upload();
  expect(stored().equals(content)).toBe(true);
  const sizes = server.requests.filter(isPart).map(({ body }) => body.length);
  expect(sizes.toSorted((left, right) => right - left)).toEqual(
    [16, 16, 16, 16, 1 + 5 / MEBIBYTE].map((n) => n * MEBIBYTE),
  );
});

test("up to 64 MiB are one request", async () => {
  await upload(content.subarray(0, 64 * MEBIBYTE));
  expect(server.requests.map(({ method }) => method)).toEqual(["PUT"]);
});

test("each request of an upload may fail five times", async () => {
  const counts = new Map<string, number>();
  proxy.choose = ({ method, target }) => {
    const count = (counts.get(method + target) ?? 0) + 1;
    counts.set(method + target, count);
    return count > 5 ? undefined : { kind: "answer", status: 503 };
  };
  await upload();
  expect(stored().equals(content)).toBe(true);
  expect(server.uploads.size).toBe(0);
});

test("an upload whose completion succeeded although its answer was lost is complete", async () => {
  let isLost = false;
  proxy.choose = ({ method, target }): Fault | undefined => {
    if (isLost || method !== "POST" || !target.includes("uploadId")) return undefined;
    isLost = true;
    return { kind: "close", isServed: true };
  };
  await upload();
  expect(stored().equals(content)).toBe(true);
  expect(server.requests.filter(isComplete).length).toBe(2);
  expect(server.requests.at(-1)?.method).toBe("HEAD");
});

test("an upload that has disappeared is an error, even if an object of that name has another size", async () => {
  server.intercept = (request) => {
    if (!isComplete(request)) return undefined;
    server.uploads.clear();
    return undefined;
  };
  expect((await rejection(upload())).message).toContain("disappeared");
  await openStore(server.url).put("packs/1", Buffer.from("another"));
  let attempts = 0;
  server.intercept = (request) => {
    if (!isComplete(request)) return undefined;
    server.uploads.clear();
    return attempts++ === 0 ? fail(500, "InternalError") : undefined;
  };
  expect((await rejection(upload())).message).toContain("disappeared");
});

test("an error after the status 200 makes a completion fail, or be repeated", async () => {
  server.intercept = (request) => (isComplete(request) ? fail(200, "InvalidPart") : undefined);
  expect((await rejection(upload())).message).toContain("200 InvalidPart");
  expect(server.uploads.size).toBe(0);
  let attempts = 0;
  server.intercept = (request) =>
    isComplete(request) && attempts++ === 0
      ? new Response(`  \n <?xml version="1.0"?><Error><Code>InternalError</Code></Error>`.trimStart())
      : undefined;
  await upload();
  expect(stored().equals(content)).toBe(true);
});

test("a part that is refused ends the upload, and nothing is left of it", async () => {
  server.intercept = (request) =>
    isPart(request) && request.query.get("partNumber") === "2" ? fail(403, "AccessDenied") : undefined;
  expect((await rejection(upload())).message).toContain("PUT: 403 AccessDenied");
  expect(server.uploads.size).toBe(0);
  expect(stored().length).toBe(0);
});

test("an upload that is cancelled leaves nothing", async () => {
  const controller = new AbortController();
  store = openStore(proxy.url, { signal: controller.signal });
  server.intercept = (request) => {
    if (isPart(request)) controller.abort();
    return undefined;
  };
  expect((await rejection(upload())).code).toBe("CANCELLED");
  expect(server.uploads.size).toBe(0);
  // Parts that were on their way may arrive after it.
  expect(server.requests.filter(({ method }) => method === "DELETE").length).toBe(1);
});

test("that an upload cannot be removed does not hide why it failed", async () => {
  server.intercept = (request) =>
    request.query.has("uploadId")
      ? fail(403, request.method === "DELETE" ? "Other" : "AccessDenied")
      : undefined;
  expect((await rejection(upload())).message).toContain("PUT: 403 AccessDenied");
});
