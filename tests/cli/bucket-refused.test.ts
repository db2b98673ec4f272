/** What must be an error of the bucket, and never a miss. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { FAKE_KEYS } from "../support/bucket-client.ts";
import { BucketCommands } from "../support/bucket-commands.ts";
import { btdt, type Finished } from "../support/executable.ts";
import { FakeServer, fail } from "../support/s3/fake-server.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
let server: FakeServer;
let commands: BucketCommands;
beforeAll(() => {
  server = new FakeServer();
});
afterAll(() => server.stop());
beforeEach(() => {
  server.buckets.set("cache", new Map());
  server.region = undefined;
  server.clockOffsetMs = 0;
  server.intercept = () => undefined;
  commands = new BucketCommands(scratch, server.url, FAKE_KEYS);
  makeTree(scratch.path("tree"), dir({ f: file("f") }));
});

const SECRETS = { AWS_SECRET_ACCESS_KEY: "secret-never-shown", AWS_SESSION_TOKEN: "token-never-shown" };

function expectRefusal(finished: Finished, sentence: string, hint: string): void {
  const { exitCode, stderr } = finished;
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(sentence) });
  expect(stderr).toContain(hint);
  expect(stderr).not.toContain("Keys not found");
  expect(stderr + finished.stdout).not.toContain("never-shown");
}

describe("a misconfiguration is an error with a hint", () => {
  const cases: readonly [string, () => void, Readonly<Record<string, string>>, string, string][] = [
    [
      "no credentials",
      () => undefined,
      { AWS_ACCESS_KEY_ID: "" },
      "no credentials for s3://cache",
      "AWS_ACCESS_KEY_ID",
    ],
    ["a wrong secret", () => undefined, SECRETS, "rejects the credentials for s3://cache", "secret key"],
    ["a denied request", deny, {}, "access to s3://cache is denied", "s3:ListBucket"],
    ["no such bucket", () => server.buckets.clear(), {}, "s3://cache does not exist", "create it"],
    ["a page of a proxy's", answerWithPage, {}, "an answer of the bucket's server", "no proxy answers"],
    [
      "an endpoint that is no URL",
      () => undefined,
      { AWS_ENDPOINT_URL_S3: "minio:9000" },
      "the endpoint",
      "https://HOST",
    ],
  ];
  for (const [name, arrange, variables, sentence, hint] of cases) {
    test(name, async () => {
      arrange();
      for (const words of [
        ["restore", "-k", "web-1", "to"],
        ["lookup", "-k", "web-1"],
        ["store", "-k", "web-1", "tree"],
        ["clean"],
      ])
        expectRefusal(await commands.run(words, variables), sentence, hint);
      expect(existsSync(scratch.path("to"))).toBe(false);
      const json = await commands.run(["restore", "--json", "-v", "-k", "web-1", "to"], variables);
      expect(JSON.parse(json.stdout).error).toMatchObject({ code: "BUCKET_NOT_ACCESSIBLE" });
      expect(json.stdout + json.stderr).not.toContain("never-shown");
    });
  }

  function deny(): void {
    server.intercept = () => fail(403, "AccessDenied");
  }

  function answerWithPage(): void {
    server.intercept = () => new Response("<html><body>Please sign in", { status: 200 });
  }
});

test("a build goes on without the bucket if that is wanted", async () => {
  server.buckets.clear();
  const restored = await commands.run(["restore", "--error-ok", "-k", "web-1", "to"]);
  expect(restored.exitCode).toBe(4);
  expect(restored.stderr).toContain("this counts as a miss: s3://cache does not exist");
  const stored = await commands.run(["store", "--error-ok", "-k", "web-1", "tree"]);
  expect(stored.exitCode).toBe(0);
  expect(stored.stderr).toContain("nothing was stored: s3://cache does not exist");
  const ran = await commands.run(["run", "-k", "web-1", "out", "--", "mkdir", "out"]);
  expect(ran.exitCode).toBe(0);
  expect(ran.stderr).toContain("running without the cache, storing nothing: s3://cache does not exist");
});

test("a wrong region and a clock that is off by a day are corrected", async () => {
  server.region = "eu-west-7";
  server.clockOffsetMs = -24 * 60 * 60 * 1000;
  const skewed = (headers: Headers) => {
    const day = new Date(Date.now() + server.clockOffsetMs).toISOString().slice(0, 10).replaceAll("-", "");
    return headers.get("x-amz-date")?.startsWith(day) !== true;
  };
  server.intercept = ({ headers }) => (skewed(headers) ? fail(403, "RequestTimeTooSkewed") : undefined);
  await commands.must(["store", "-k", "web-1", "tree"]);
  await commands.must(["restore", "-k", "web-1", "to"]);
  expect(existsSync(scratch.path("to", "f"))).toBe(true);
});

test("a reader needs to read only, and a writer to delete nothing", async () => {
  const allow = (isAllowed: (method: string, query: URLSearchParams) => boolean) => {
    server.intercept = ({ method, query }) =>
      isAllowed(method, query) ? undefined : fail(403, "AccessDenied");
  };
  allow(
    (method, query) => method === "GET" || method === "PUT" || (method === "POST" && !query.has("delete")),
  );
  await commands.must(["store", "-k", "web-1", "tree"]);
  await commands.must(["store", "-k", "web-2", "tree"]);
  expectRefusal(
    await commands.run(["delete", "web-1"]),
    "access to s3://cache is denied (DELETE",
    "s3:DeleteObject",
  );
  const full = await commands.must(["store", "--max-size", "0B", "-k", "web-3", "tree/f"]);
  expect(full.stderr).toContain("the cache was not kept below 0 B: access to s3://cache is denied");
  allow((method) => method === "GET");
  const restored = await commands.must(["restore", "--json", "-k", "web-1", "to"]);
  expect(JSON.parse(restored.stdout)).toMatchObject({ outcome: "hit", isUseNoted: false });
  for (const words of [["lookup", "-k", "web-1"], ["list"], ["verify"], ["stats"], ["clean", "--dry-run"]])
    await commands.must(words);
  expectRefusal(await commands.run(["store", "-k", "x", "tree"]), "is denied (PUT", "s3:PutObject");
});

test("a public bucket is read without credentials, which are not even looked for", async () => {
  await commands.must(["store", "-k", "web-1", "tree"]);
  server.isPublic = true;
  server.requests.length = 0;
  await commands.must(["restore", "--anonymous", "-k", "web-1", "to"], { AWS_ACCESS_KEY_ID: "" });
  expect(server.requests.every(({ headers }) => !headers.has("authorization"))).toBe(true);
  server.isPublic = false;
});

describe("usage errors", () => {
  const onBucket = (words: readonly string[], address = "s3://cache") => {
    const [command = "", ...rest] = words;
    return btdt([command, "--cache", address, ...rest], { cwd: scratch.path() });
  };

  test("an address that is none, or that holds more than bucket and prefix", () => {
    for (const address of [
      "s3:cache",
      "s3://",
      "S3://cache",
      "s3://me:never-shown@cache",
      "s3://cache:9000/x",
      "s3://cache/?endpoint=never-shown",
      "s3://cache/../x",
      "gs://c",
    ]) {
      const { exitCode, stderr } = onBucket(["restore", "-k", "web-1", "to"], address);
      expect({ address, exitCode, stderr }).toEqual({
        address,
        exitCode: 2,
        stderr: expect.stringMatching(/^btdt: error: the cache address ".*" .* \(.*\)\n$/),
      });
      expect(stderr).not.toContain("never-shown");
    }
  });

  test("what a bucket cannot do", () => {
    for (const [words, sentence] of [
      [["store", "--create-cache", "-k", "web-1", "tree"], "--create-cache does not create buckets"],
      [["store", "--storage", "objects", "-k", "web-1", "tree"], "a bucket has no linkable objects"],
      [["store", "--pin", "-k", "web-1", "tree"], "keys in a bucket cannot be pinned"],
      [["store", "--dry-run", "-k", "web-1", "tree"], "store --dry-run cannot work on a bucket"],
      [["pin", "web-1"], "pin cannot work on a bucket"],
      [["unpin", "web-1"], "unpin cannot work on a bucket"],
      [["doctor"], "doctor cannot work on a bucket"],
      [["verify", "--repair"], "verify --repair cannot work on a bucket"],
    ] as const)
      expect(onBucket(words)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(sentence) });
  });
});
