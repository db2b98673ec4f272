/** Where Google's tools look for credentials, with imitations of the servers that hand out tokens. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { createVerify, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askForGoogleToken } from "../../src/bucket/google-token.ts";
import { rejection } from "../support/rejection.ts";

let home: string;
let server: Bun.Server<undefined>;
let answer: (request: Request, fields: URLSearchParams) => Response | undefined;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "btdt-test-google-"));
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) =>
      answer(request, new URLSearchParams(await request.text())) ?? new Response("leaked", { status: 400 }),
  });
});
afterAll(async () => {
  await server.stop(true);
  rmSync(home, { recursive: true });
});
beforeEach(() => {
  answer = () => undefined;
});

function write(name: string, content: unknown): string {
  const path = join(home, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

function ask(variables: Readonly<Record<string, string>>) {
  return askForGoogleToken({ HOME: home, ...variables }, undefined, "gs://cache");
}

const token = (value: string) =>
  Response.json({ access_token: value, expires_in: 3600, token_type: "Bearer" });

async function expectToken(variables: Readonly<Record<string, string>>, value: string): Promise<void> {
  const before = Date.now();
  const answered = await ask(variables);
  expect(answered.value).toBe(value);
  expect(answered.expiresMs).toBeGreaterThanOrEqual(before + 3_590_000);
}

test("a machine or a pod has a service account", async () => {
  answer = ({ url, headers }) =>
    headers.get("metadata-flavor") === "Google" &&
    new URL(url).pathname === "/computeMetadata/v1/instance/service-accounts/default/token"
      ? token("machine")
      : undefined;
  await expectToken({ GCE_METADATA_HOST: server.url.host }, "machine");
});

test("a service account signs for itself", async () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  answer = (_, fields) => {
    const [head = "", claims = "", signature = ""] = fields.get("assertion")?.split(".") ?? [];
    const isSigned = createVerify("RSA-SHA256")
      .update(`${head}.${claims}`)
      .verify(publicKey, signature, "base64url");
    const { iss, aud, scope, exp, iat } = JSON.parse(Buffer.from(claims, "base64url").toString());
    expect([iss, aud, exp - iat]).toEqual(["ci@example.com", `${server.url.href}token`, 3600]);
    expect(scope).toContain("devstorage");
    return isSigned ? token("account") : undefined;
  };
  const content = {
    type: "service_account",
    client_email: "ci@example.com",
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
    token_uri: `${server.url.href}token`,
  };
  await expectToken({ GOOGLE_APPLICATION_CREDENTIALS: write("account.json", content) }, "account");
  const broken = write("broken.json", { ...content, private_key: "-----BEGIN hunter2" });
  const failure = await rejection(ask({ GOOGLE_APPLICATION_CREDENTIALS: broken }));
  expect(failure.message).toBe("the private key of the Google service account is invalid");
  expect(String(failure.cause)).not.toContain("hunter2");
});

const external = (source: unknown, more = {}) => ({
  type: "external_account",
  audience: "//iam.googleapis.com/projects/1/pool",
  subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
  token_url: `${server.url.href}sts`,
  credential_source: source,
  ...more,
});

test("another identity provider's token is exchanged, from a file or a URL, as text or in JSON", async () => {
  answer = ({ url, headers }, fields) => {
    const { pathname } = new URL(url);
    if (pathname === "/id" && headers.get("authorization") === "bearer x")
      return Response.json({ value: "subject" });
    if (pathname !== "/sts" || fields.get("subject_token") !== "subject") return undefined;
    return fields.get("audience") === "//iam.googleapis.com/projects/1/pool" ? token("external") : undefined;
  };
  const sources = [
    { file: write("subject", "subject\n") },
    {
      file: write("subject.json", { id_token: "subject" }),
      format: { type: "json", subject_token_field_name: "id_token" },
    },
    {
      url: `${server.url.href}id`,
      headers: { authorization: "bearer x" },
      format: { type: "json", subject_token_field_name: "value" },
    },
  ];
  for (const source of sources)
    await expectToken(
      { GOOGLE_APPLICATION_CREDENTIALS: write("external.json", external(source)) },
      "external",
    );
});

test("an external account acts as a service account", async () => {
  answer = ({ url, headers }) => {
    if (url.endsWith("/sts")) return token("external");
    return headers.get("authorization") === "Bearer external"
      ? Response.json({ accessToken: "acting", expireTime: new Date(Date.now() + 3_600_000).toISOString() })
      : undefined;
  };
  const impersonation = { service_account_impersonation_url: `${server.url.href}generateAccessToken` };
  const content = external({ file: write("subject", "subject") }, impersonation);
  await expectToken({ GOOGLE_APPLICATION_CREDENTIALS: write("external.json", content) }, "acting");
});

test("credentials that cannot be used are errors that show nothing of them", async () => {
  const files = [
    join(home, "missing.json"),
    write("text.json", "hunter2"),
    write("other.json", { type: "other", secret: "hunter2" }),
    write("part.json", { type: "service_account", private_key: "hunter2" }),
    write("program.json", external({ executable: { command: "hunter2" } })),
    write("nowhere.json", external({ file: join(home, "missing") })),
    write("refused.json", external({ file: write("secret", "hunter2") })),
  ];
  for (const file of files) {
    const failure = await rejection(ask({ GOOGLE_APPLICATION_CREDENTIALS: file }));
    expect(failure.code).toBe("BUCKET_NOT_ACCESSIBLE");
    expect(failure.hint?.length).toBeGreaterThan(0);
    expect(`${failure.message}${failure.hint}${String(failure.cause)}`).not.toMatch(/hunter2|leaked/);
  }
});

test("an answer without a token is an error", async () => {
  answer = () => Response.json({ access_token: 5 });
  expect((await rejection(ask({ GCE_METADATA_HOST: server.url.host }))).hint).toContain("contains no token");
});
