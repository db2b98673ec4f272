import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { beginMultipart } from "../../src/bucket/multipart-upload.ts";
import { connect, openStore, TEST_ADDRESS } from "../support/bucket-client.ts";
import { rejection } from "../support/rejection.ts";
import { describeWith } from "../support/requirements.ts";
import { CEPH_KEYS, CEPH_PROGRAMS } from "../support/s3/ceph.ts";
import { useCephBucket } from "../support/s3/ceph-bucket.ts";
import { FakeServer, fail } from "../support/s3/fake-server.ts";

const MINUTE_MS = 60_000;

/** `connectTo` returns what a process with access to a part of the bucket has. */
function testDiscarding(connectTo: (prefix: string) => ReturnType<typeof connectBoth>): void {
  test("only unfinished uploads that are old enough are discarded, and only below the prefix", async () => {
    const [own, other] = [connectTo(`a ${randomUUID()}`), connectTo(`b ${randomUUID()}`)];
    const begin = ({ client, prefix }: typeof own, name: string) =>
      beginMultipart(client, `${prefix}/${name}`, {});
    for (const name of ["packs/1", "packs/2", "packs/3", "keys/1"]) await begin(own, name);
    await begin(other, "packs/1");
    const now = Date.now();
    expect(await own.store.discardUploads("packs/", now - 10 * MINUTE_MS)).toBe(0);
    expect(await own.store.discardUploads("packs/", now + 10 * MINUTE_MS)).toBe(3);
    expect(await own.store.discardUploads("packs/", now + 10 * MINUTE_MS)).toBe(0);
    expect(await own.store.discardUploads("keys/", now + 10 * MINUTE_MS)).toBe(1);
    expect(await other.store.discardUploads("", now + 10 * MINUTE_MS)).toBe(1);
  });
}

function connectBoth(url: URL, prefix: string, keys?: typeof CEPH_KEYS) {
  const address = { ...TEST_ADDRESS, prefix };
  return { prefix, client: connect(url, { address }, keys), store: openStore(url, { address }, keys) };
}

describe("a server in memory", () => {
  let server: FakeServer;
  beforeAll(() => {
    server = new FakeServer();
    server.pageSize = 2;
    server.buckets.set("cache", new Map());
  });
  afterAll(() => server.stop());
  testDiscarding((prefix) => connectBoth(server.url, prefix));

  test("a listing without an end, or of something else, is an error", async () => {
    const { store } = connectBoth(server.url, "c");
    const truncated = "<IsTruncated>true</IsTruncated>";
    const next = "<NextKeyMarker>a</NextKeyMarker><NextUploadIdMarker>b</NextUploadIdMarker>";
    for (const xml of [truncated, truncated + next, "<Upload><Key>c/packs/1</Key></Upload>"]) {
      server.intercept = () =>
        new Response(`<ListMultipartUploadsResult>${xml}</ListMultipartUploadsResult>`);
      expect((await rejection(store.discardUploads("packs/", 0))).code).toBe("BUCKET_NOT_ACCESSIBLE");
    }
    server.intercept = () => fail(403, "AccessDenied");
    expect((await rejection(store.discardUploads("packs/", 0))).code).toBe("BUCKET_NOT_ACCESSIBLE");
    server.intercept = () => undefined;
  });
});

describeWith(CEPH_PROGRAMS, "Ceph", () => {
  let url: URL;
  beforeAll(async () => {
    url = await useCephBucket();
  }, 120_000);
  testDiscarding((prefix) => connectBoth(url, prefix, CEPH_KEYS));
});
