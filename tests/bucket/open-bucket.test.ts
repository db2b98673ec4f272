import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import { parseBucketAddress } from "../../src/bucket/address.ts";
import { type BucketOptions, openBucket } from "../../src/bucket/open-bucket.ts";
import { AwsHome, withVariables } from "../support/aws-environment.ts";
import { rejection } from "../support/rejection.ts";
import { describeWith } from "../support/requirements.ts";
import { FakeServer } from "../support/s3/fake-server.ts";
import { listNames } from "../support/store-contract.ts";

let home: AwsHome;
let server: FakeServer;
beforeAll(() => {
  home = new AwsHome();
  server = new FakeServer();
});
afterAll(async () => {
  await server.stop();
  home.remove();
});
beforeEach(() => {
  server.buckets.set("cache", new Map());
  server.requests.length = 0;
  home.write(".aws/config", "");
  home.write(".aws/credentials", "");
});

const KEYS = { AWS_ACCESS_KEY_ID: "AKIDFAKE", AWS_SECRET_ACCESS_KEY: "fake-secret" };

/** Stores something and lists it. */
async function use(
  variables: Readonly<Record<string, string>>,
  options: Partial<BucketOptions> = {},
  address = "s3://cache/ci",
): Promise<string[]> {
  const all = { HOME: home.path, AWS_EC2_METADATA_DISABLED: "true", ...variables };
  return await withVariables(all, async () => {
    const store = await openBucket(
      parseBucketAddress(address),
      { caFile: undefined, isAnonymous: false, storage: {}, ...options },
      all,
      new AbortController().signal,
    );
    expect(store.address).toBe(address);
    await store.put("keys/a", Buffer.from("a"));
    return await listNames(store, "keys/");
  });
}

test("variables are enough", async () => {
  const variables = {
    ...KEYS,
    AWS_SESSION_TOKEN: "session",
    AWS_ENDPOINT_URL_S3: server.url.href,
    AWS_REGION: "eu-1",
  };
  expect(await use(variables)).toEqual(["keys/a"]);
  expect([...(server.buckets.get("cache")?.keys() ?? [])]).toEqual(["ci/keys/a"]);
  const { headers } = server.requests[0] ?? {};
  expect(headers?.get("authorization")).toContain("/eu-1/s3/aws4_request");
  expect(headers?.get("x-amz-security-token")).toBe("session");
});

test("a profile is enough", async () => {
  const config = `[profile ci]
services = own
region = eu-2
aws_access_key_id = AKIDFAKE
aws_secret_access_key = fake-secret
[services own]
s3 =
  endpoint_url = ${server.url.href}
`;
  home.write(".aws/config", config);
  expect(await use({ AWS_PROFILE: "ci" })).toEqual(["keys/a"]);
  expect(server.requests[0]?.headers.get("authorization")).toContain("/eu-2/s3/aws4_request");
});

test("keys in variables win over the profile's", async () => {
  home.write(".aws/credentials", "[default]\naws_access_key_id = other\naws_secret_access_key = other\n");
  expect(await use({ ...KEYS, AWS_ENDPOINT_URL: server.url.href })).toEqual(["keys/a"]);
});

test("without a home, variables are enough", async () => {
  expect(await use({ ...KEYS, AWS_ENDPOINT_URL: server.url.href, HOME: "" })).toEqual(["keys/a"]);
});

test("without credentials, nothing is sent", async () => {
  const failure = await rejection(use({ AWS_ENDPOINT_URL: server.url.href }));
  expect(failure.message).toBe("no credentials for s3://cache found");
  expect(server.requests).toEqual([]);
});

test("encryption is asked for with all that is stored, the storage class for uploads only", async () => {
  const store = await openBucket(
    parseBucketAddress("s3://cache/ci"),
    { caFile: undefined, isAnonymous: false, storage: { kmsKey: "key-1", storageClass: "STANDARD_IA" } },
    { ...KEYS, HOME: home.path, AWS_ENDPOINT_URL: server.url.href },
    new AbortController().signal,
  );
  await store.put("keys/a", Buffer.from("a"));
  const upload = store.upload("packs/1");
  await upload.write(Buffer.from("pack"));
  await upload.finish();
  await listNames(store, "");
  const headers = server.requests.map((request) => [
    request.headers.get("x-amz-server-side-encryption-aws-kms-key-id"),
    request.headers.get("x-amz-storage-class"),
  ]);
  expect(headers).toEqual([
    ["key-1", null],
    ["key-1", "STANDARD_IA"],
    [null, null],
  ]);
});

test("a bucket of Google's takes a bearer token", async () => {
  server.bearerTokens.add("token");
  const metadata = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => Response.json({ access_token: "token", expires_in: 3600 }),
  });
  const variables = { GCE_METADATA_HOST: metadata.url.host, BTDT_GS_ENDPOINT_URL: server.url.href };
  expect(await use(variables, {}, "gs://cache/ci")).toEqual(["keys/a"]);
  expect(server.requests[0]?.headers.get("authorization")).toBe("Bearer token");
  await metadata.stop(true);
});

describeWith(["openssl"], "a server whose certificate a private authority has signed", () => {
  let secure: Bun.Server<undefined>;
  let caFile: string;
  beforeAll(() => {
    const [key, certificate] = ["key.pem", "cert.pem"].map((name) => join(home.path, name));
    const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...names];
    expect(
      Bun.spawnSync([...command, "-keyout", key ?? "", "-out", certificate ?? ""], { stderr: "ignore" })
        .exitCode,
    ).toBe(0);
    caFile = certificate ?? "";
    secure = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      tls: { key: Bun.file(key ?? ""), cert: Bun.file(caFile) },
      fetch: async (request) => {
        const { pathname, search } = new URL(request.url);
        const url = new URL(pathname + search, server.url);
        return await fetch(url, {
          method: request.method,
          headers: request.headers,
          body: await request.bytes(),
        });
      },
    });
  });
  afterAll(() => secure.stop(true));

  test("is trusted if that is named", async () => {
    const variables = { ...KEYS, AWS_ENDPOINT_URL: `https://localhost:${secure.port}` };
    expect(await use(variables, { caFile })).toEqual(["keys/a"]);
    expect(await use({ ...variables, AWS_CA_BUNDLE: caFile })).toEqual(["keys/a"]);
  });

  test("is not trusted otherwise, or under another name, at once", async () => {
    server.requests.length = 0;
    const variables = { ...KEYS, AWS_ENDPOINT_URL: `https://localhost:${secure.port}` };
    const failure = await rejection(use(variables));
    expect(failure.code).toBe("BUCKET_NOT_ACCESSIBLE");
    expect(failure.message).toContain("its certificate is not trusted");
    expect(failure.hint).toContain("--ca-file");
    const other = { ...variables, AWS_ENDPOINT_URL: `https://127.0.0.1:${secure.port}` };
    expect((await rejection(use(other, { caFile }))).message).toContain("for another host name");
    expect(server.requests).toEqual([]);
  });
});
