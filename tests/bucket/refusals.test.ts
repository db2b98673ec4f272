/** What a server refuses, what the client makes of it, and what it says. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Authorizer } from "../../src/bucket/authorizer.ts";
import { anonymous } from "../../src/bucket/authorizer.ts";
import { createBearer } from "../../src/bucket/bearer.ts";
import { RenewingSource } from "../../src/bucket/renewing-source.ts";
import { createSigner, type SigningKeys } from "../../src/bucket/sigv4.ts";
import { FAKE_KEYS, openStore } from "../support/bucket-client.ts";
import { rejection } from "../support/rejection.ts";
import { FakeServer, fail } from "../support/s3/fake-server.ts";
import { listNames } from "../support/store-contract.ts";

let server: FakeServer;
beforeAll(() => {
  server = new FakeServer();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.buckets.set("cache", new Map());
  server.intercept = () => undefined;
  server.clockOffsetMs = 0;
  server.expiredTokens.clear();
  server.requests.length = 0;
});

const DAY_MS = 86_400_000;

for (const [name, offsetMs] of [
  ["ahead of", -DAY_MS],
  ["behind", DAY_MS],
] as const) {
  test(`a clock that is a day ${name} the server's is corrected once`, async () => {
    server.clockOffsetMs = offsetMs;
    const store = openStore(server.url);
    await store.put("keys/a", Buffer.from("a"));
    const found = await store.get("keys/a");
    expect(found).toMatchObject({ kind: "found" });
    expect(Math.abs(found.serverMs - Date.now() - offsetMs)).toBeLessThan(60_000);
    expect(server.requests.length).toBe(3);
  });
}

test("a clock that jumps is corrected again", async () => {
  const store = openStore(server.url);
  await store.put("keys/a", Buffer.from("a"));
  server.clockOffsetMs = DAY_MS;
  expect(await store.get("keys/a")).toMatchObject({ kind: "found" });
  server.clockOffsetMs = -DAY_MS;
  expect(await store.get("keys/a")).toMatchObject({ kind: "found" });
});

test("a server whose clock no signature satisfies is refused", async () => {
  server.intercept = () => fail(403, "RequestTimeTooSkewed");
  expect((await rejection(openStore(server.url).get("keys/a"))).message).toBe(
    `the clocks of ${server.url.origin} and of this machine differ too much`,
  );
  expect(server.requests.length).toBe(2);
});

function renewable(...answers: readonly SigningKeys[]): { authorizer: Authorizer; askedCount: () => number } {
  let count = 0;
  let nowMs = 0;
  const ask = () => {
    const value = answers[Math.min(count++, answers.length - 1)] ?? FAKE_KEYS;
    return Promise.resolve({ value, expiresMs: undefined });
  };
  // A minute passes between any two looks.
  const source = new RenewingSource(ask, () => (nowMs += 60_000));
  return { authorizer: createSigner(source), askedCount: () => count };
}

test("credentials that expire during the work are renewed once, and the request is repeated", async () => {
  const { authorizer, askedCount } = renewable(
    { ...FAKE_KEYS, sessionToken: "old" },
    { ...FAKE_KEYS, sessionToken: "new" },
  );
  const store = openStore(server.url, { authorizer });
  await store.put("keys/a", Buffer.from("a"));
  server.expiredTokens.add("old");
  expect(await store.get("keys/a")).toMatchObject({ kind: "found" });
  expect(askedCount()).toBe(2);
});

test("credentials that stay expired are an error", async () => {
  const { authorizer, askedCount } = renewable({ ...FAKE_KEYS, sessionToken: "old" });
  server.expiredTokens.add("old");
  const failure = await rejection(openStore(server.url, { authorizer }).get("keys/a"));
  expect(failure.message).toBe("the credentials for s3://cache have expired");
  expect(askedCount()).toBe(2);
});

test("a bearer token that has expired is renewed once", async () => {
  const tokens = ["first", "second"];
  server.bearerTokens.add("second");
  let nowMs = 0;
  const ask = () => Promise.resolve({ value: tokens.shift() ?? "", expiresMs: undefined });
  const authorizer = createBearer(new RenewingSource(ask, () => (nowMs += 60_000)));
  await openStore(server.url, { authorizer }).put("keys/a", Buffer.from("a"));
  expect(server.requests.map(({ headers }) => headers.get("authorization"))).toEqual([
    "Bearer first",
    "Bearer second",
  ]);
});

test("without credentials, a public bucket is read", async () => {
  await openStore(server.url).put("keys/a", Buffer.from("a"));
  server.isPublic = true;
  const found = await openStore(server.url, { authorizer: anonymous }).get("keys/a");
  server.isPublic = false;
  expect(found).toMatchObject({ kind: "found" });
  expect(server.requests[1]?.headers.has("authorization")).toBe(false);
});

/** Status, code, and what the message and the hint must contain. */
const REFUSALS = [
  [403, "AccessDenied", "access to s3://cache is denied (GET: 403 AccessDenied)", "s3:ListBucket"],
  [403, "InvalidAccessKeyId", "rejects the credentials", "another server"],
  [403, "SignatureDoesNotMatch", "rejects the credentials", "secret key"],
  [404, "NoSuchBucket", "s3://cache does not exist at", "check its name"],
  [400, "InvalidBucketName", "does not allow the bucket name", "check the name"],
  [401, "Unauthorized", "rejects the credentials", "expired"],
  [407, "", "the proxy requires a user name", "HTTPS_PROXY"],
  [501, "NotImplemented", "does not support a request", "storage class"],
  [400, "KMS.DisabledException", "400 KMS.DisabledException", "encryption"],
  [403, "Not a code\n", "(GET: HTTP status 403)", "s3:GetObject"],
] as const;

for (const [status, code, message, hint] of REFUSALS) {
  test(`${status} ${code.trim()} is an error with a hint, not a miss, and not repeated`, async () => {
    server.intercept = () => fail(status, code);
    for (const request of [
      () => openStore(server.url).get("keys/a"),
      () => listNames(openStore(server.url), ""),
    ]) {
      server.requests.length = 0;
      const failure = await rejection(request());
      expect(failure.code).toBe("BUCKET_NOT_ACCESSIBLE");
      expect(failure.message).toContain(message);
      expect(failure.hint).toContain(hint);
      // Nothing else that an answer contains is shown: it may repeat signatures and keys.
      expect(`${failure.message}${failure.hint}`).not.toContain("leaked");
      // After 401, with new credentials.
      expect(server.requests.length).toBe(status === 401 ? 2 : 1);
    }
  });
}

test("who may not delete or write is told which right is missing", async () => {
  server.intercept = () => fail(403, "AccessDenied");
  const store = openStore(server.url);
  expect((await rejection(store.put("keys/a", Buffer.from("a")))).hint).toContain("s3:PutObject");
  expect((await rejection(store.delete(["keys/a"]))).hint).toContain("s3:DeleteObject");
});

test("objects that a batch could not delete are deleted one by one, and that says why", async () => {
  const store = openStore(server.url);
  await store.put("keys/a", Buffer.from("a"));
  await store.put("keys/b", Buffer.from("b"));
  const failed = (name: string, code: string) =>
    `<Error><Key>team a/ci/${name}</Key><Code>${code}</Code></Error>`;
  let mayDelete = true;
  server.intercept = ({ method }) => {
    if (method === "DELETE") return mayDelete ? undefined : fail(403, "AccessDenied");
    if (method !== "POST") return undefined;
    return new Response(
      `<DeleteResult>${failed("keys/a", "InternalError")}${failed("keys/b", "NoSuchKey")}</DeleteResult>`,
    );
  };
  await store.delete(["keys/a", "keys/b"]);
  expect([...(server.buckets.get("cache")?.keys() ?? [])]).toEqual(["team a/ci/keys/b"]);
  mayDelete = false;
  expect((await rejection(store.delete(["keys/a", "keys/b"]))).message).toContain("DELETE: 403 AccessDenied");
});

test("a server that cannot be found or refuses connections is unavailable", async () => {
  for (const [url, reason] of [
    ["http://nowhere.invalid", "its host name is unknown"],
    ["http://127.0.0.1:1", "the connection was refused"],
    [server.url.href.replace("http:", "https:"), "the TLS handshake failed"],
  ] as const) {
    const failure = await rejection(openStore(new URL(url)).get("keys/a"));
    expect(failure.code).toBe("BUCKET_UNAVAILABLE");
    expect(failure.message).toContain(reason);
  }
});
