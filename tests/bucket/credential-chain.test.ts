/** Where the AWS tools look for credentials, with imitations of the servers that hand them out. */
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { askCredentialChain } from "../../src/bucket/credential-chain.ts";
import { findProfile } from "../../src/bucket/find-profile.ts";
import type { Timed } from "../../src/bucket/renewing-source.ts";
import type { SigningKeys } from "../../src/bucket/sigv4.ts";
import { AwsHome, withVariables } from "../support/aws-environment.ts";
import { rejection } from "../support/rejection.ts";

const EXPIRATION = "2099-01-01T00:00:00Z";
const EXPIRES_MS = Date.parse(EXPIRATION);

let home: AwsHome;
let server: Bun.Server<undefined>;
let answer: (request: Request, body: string) => Response | undefined;
beforeAll(() => {
  home = new AwsHome();
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => answer(request, await request.text()) ?? new Response("", { status: 404 }),
  });
});
afterAll(async () => {
  await server.stop(true);
  home.remove();
});
beforeEach(() => {
  answer = () => undefined;
  home.write(".aws/config", "");
  home.write(".aws/credentials", "");
});

function ask(
  variables: Readonly<Record<string, string>>,
  profileName = "default",
): Promise<Timed<SigningKeys>> {
  const all = { HOME: home.path, AWS_EC2_METADATA_DISABLED: "true", ...variables };
  return withVariables(all, async () => {
    const profile = await findProfile({ ...all, AWS_PROFILE: profileName });
    return await askCredentialChain({
      variables: all,
      profileName,
      webIdentityTokenFile: profile.webIdentityTokenFile,
      region: "us-east-1",
      ca: undefined,
      bucket: "s3://cache",
    });
  });
}

const keys = (accessKeyId: string) => ({ accessKeyId, secretAccessKey: "secret", sessionToken: "session" });
const json = (accessKeyId: string, tokenName = "Token") => ({
  AccessKeyId: accessKeyId,
  SecretAccessKey: "secret",
  [tokenName]: "session",
  Expiration: EXPIRATION,
});

test("a profile has keys", async () => {
  home.write(".aws/credentials", "[ci]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n");
  expect(await ask({}, "ci")).toEqual({
    value: { accessKeyId: "AKIDPROFILE", secretAccessKey: "secret" },
    expiresMs: undefined,
  });
});

test("a profile names a program", async () => {
  const output = JSON.stringify({ Version: 1, ...json("AKIDPROCESS", "SessionToken") });
  const file = home.write("answer.json", output);
  home.write(".aws/config", `[default]\ncredential_process = cat ${file}\n`);
  expect(await ask({})).toEqual({ value: keys("AKIDPROCESS"), expiresMs: EXPIRES_MS });
});

/** What the server for temporary credentials answers. */
function tokenService(action: string, accessKeyId: string): string {
  return `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken><Expiration>${EXPIRATION}</Expiration></Credentials></${action}Result></${action}Response>`;
}

test("a web identity is exchanged, without the newline at the end of its file", async () => {
  const tokenFile = home.write("token", "the-token\n");
  answer = (_, body) => {
    const fields = new URLSearchParams(body);
    if (fields.get("WebIdentityToken") !== "the-token" || fields.get("RoleArn") !== "arn:aws:iam::1:role/ci")
      return undefined;
    return new Response(tokenService("AssumeRoleWithWebIdentity", "AKIDWEB"));
  };
  const variables = {
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    AWS_ROLE_ARN: "arn:aws:iam::1:role/ci",
    AWS_ENDPOINT_URL_STS: server.url.href,
  };
  expect(await ask(variables)).toEqual({ value: keys("AKIDWEB"), expiresMs: EXPIRES_MS });
  const profile = `[profile web]\nrole_arn = arn:aws:iam::1:role/ci\nweb_identity_token_file = ${tokenFile}\n`;
  home.write(".aws/config", profile);
  home.write("token", "the-token\r\n");
  expect(await ask({ AWS_ENDPOINT_URL_STS: server.url.href }, "web")).toMatchObject({
    value: keys("AKIDWEB"),
  });
});

test("a profile names a role and another profile", async () => {
  answer = (_, body) =>
    body.includes("Action=AssumeRole&") ? new Response(tokenService("AssumeRole", "AKIDROLE")) : undefined;
  home.write(
    ".aws/config",
    "[profile base]\naws_access_key_id = A\naws_secret_access_key = s\n[profile role]\nrole_arn = arn:aws:iam::1:role/ci\nsource_profile = base\n",
  );
  expect(await ask({ AWS_ENDPOINT_URL_STS: server.url.href }, "role")).toMatchObject({
    value: keys("AKIDROLE"),
  });
});

test("a signed-in user has a token for the portal", async () => {
  answer = ({ headers }) =>
    headers.get("x-amz-sso_bearer_token") === "portal-token"
      ? Response.json({
          roleCredentials: {
            accessKeyId: "AKIDSSO",
            secretAccessKey: "secret",
            sessionToken: "session",
            expiration: EXPIRES_MS,
          },
        })
      : undefined;
  const cache = createHash("sha1").update("https://example.awsapps.com/start").digest("hex");
  home.write(
    `.aws/sso/cache/${cache}.json`,
    JSON.stringify({ accessToken: "portal-token", expiresAt: EXPIRATION }),
  );
  home.write(
    ".aws/config",
    "[profile sso]\nsso_start_url = https://example.awsapps.com/start\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = ci\n",
  );
  expect(await ask({ AWS_ENDPOINT_URL_SSO: server.url.href }, "sso")).toMatchObject({
    value: keys("AKIDSSO"),
  });
});

test("a pod has an identity, with or without a newline at the end of its token", async () => {
  const tokenFile = home.write("pod-token", "pod-token\n");
  answer = ({ headers }) =>
    headers.get("authorization") === "pod-token" ? Response.json(json("AKIDPOD")) : undefined;
  const variables = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url.href}v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
  };
  expect(await ask(variables)).toEqual({ value: keys("AKIDPOD"), expiresMs: EXPIRES_MS });
});

test("an instance has a role", async () => {
  answer = ({ method, url, headers }) => {
    const { pathname } = new URL(url);
    if (method === "PUT" && pathname === "/latest/api/token") return new Response("instance-token");
    if (headers.get("x-aws-ec2-metadata-token") !== "instance-token") return undefined;
    return pathname.endsWith("/security-credentials/")
      ? new Response("the-role")
      : Response.json({
          Code: "Success",
          LastUpdated: EXPIRATION,
          Type: "AWS-HMAC",
          ...json("AKIDINSTANCE"),
        });
  };
  const variables = {
    AWS_EC2_METADATA_DISABLED: "false",
    AWS_EC2_METADATA_SERVICE_ENDPOINT: server.url.origin,
  };
  expect(await ask(variables)).toMatchObject({ value: keys("AKIDINSTANCE") });
});

test("without credentials, the error says how to provide them", async () => {
  const failure = await rejection(ask({}));
  expect(failure.code).toBe("BUCKET_NOT_ACCESSIBLE");
  expect(failure.message).toBe("no credentials for s3://cache found");
  expect(failure.hint).toContain("AWS_ACCESS_KEY_ID");
});

test("what a program prints instead of credentials is not shown", async () => {
  const file = home.write("answer.json", '{"Version":1,"AccessKeyId":"AKIDLEAK","SecretAccessKey":');
  home.write(".aws/config", `[default]\ncredential_process = cat ${file}\n`);
  const failure = await rejection(ask({}));
  expect(`${failure.message}${failure.hint}`).not.toContain("AKIDLEAK");
});

test("a token file that is missing, or a role that is refused, is an error", async () => {
  const variables = {
    AWS_WEB_IDENTITY_TOKEN_FILE: `${home.path}/missing`,
    AWS_ROLE_ARN: "arn:aws:iam::1:role/ci",
    AWS_ENDPOINT_URL_STS: server.url.href,
  };
  expect((await rejection(ask(variables))).message).toBe("no credentials for s3://cache found");
  answer = () =>
    new Response(
      "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
      {
        status: 403,
      },
    );
  const present = { ...variables, AWS_WEB_IDENTITY_TOKEN_FILE: home.write("token", "the-token") };
  expect((await rejection(ask(present))).message).toBe("no credentials for s3://cache found");
});
