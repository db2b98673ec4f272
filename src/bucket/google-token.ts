/** Access tokens for Google Cloud Storage. Loaded only by commands that work on a `gs://` bucket. */
import { createSign } from "node:crypto";
import { readFileSync } from "node:fs";
import { BtdtError } from "../base/errors.ts";
import { missingCredentials } from "./bucket-errors.ts";
import {
  findGoogleCredentials,
  type GoogleCredentials,
  type SubjectTokenSource,
} from "./google-credentials.ts";
import type { Variables } from "./profile.ts";
import type { Timed } from "./renewing-source.ts";

const SCOPE = "https://www.googleapis.com/auth/devstorage.read_write";
const CLOUD_SCOPE = "https://www.googleapis.com/auth/cloud-platform";
const USER_TOKEN_URL = "https://oauth2.googleapis.com/token";
const ANSWER_MS = 20_000;
/** A machine outside Google's cloud has no such server. */
const METADATA_MS = 2000;

/** @throws BtdtError BUCKET_NOT_ACCESSIBLE */
export async function askForGoogleToken(
  variables: Variables,
  ca: string | undefined,
  bucket: string,
): Promise<Timed<string>> {
  const ask = createAsker(ca, bucket);
  const credentials = findGoogleCredentials(variables);
  if (credentials === undefined) {
    const host = variables["GCE_METADATA_HOST"] ?? "metadata.google.internal";
    const path = "computeMetadata/v1/instance/service-accounts/default/token";
    return toToken(
      await ask(`http://${host}/${path}`, { headers: { "metadata-flavor": "Google" } }, METADATA_MS),
      bucket,
    );
  }
  switch (credentials.type) {
    case "service_account":
      return toToken(
        await ask(
          credentials.token_uri,
          form({
            grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
            assertion: signAssertion(credentials),
          }),
        ),
        bucket,
      );
    case "authorized_user": {
      const { client_id, client_secret, refresh_token } = credentials;
      return toToken(
        await ask(
          USER_TOKEN_URL,
          form({ grant_type: "refresh_token", client_id, client_secret, refresh_token }),
        ),
        bucket,
      );
    }
    case "external_account":
      return await exchangeToken(credentials, ask, bucket);
  }
}

/** @returns the fields of a JSON answer */
type Ask = (url: string, init: RequestInit, timeoutMs?: number) => Promise<Readonly<Record<string, unknown>>>;

function createAsker(ca: string | undefined, bucket: string): Ask {
  return async (url, init, timeoutMs = ANSWER_MS) => {
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const tls = ca === undefined ? {} : { tls: { ca } };
      const response = await fetch(url, { ...init, redirect: "manual", signal, ...tls });
      if (!response.ok) throw new Error(`status ${response.status}`);
      return (await response.json()) as Readonly<Record<string, unknown>>;
    } catch (error) {
      const host = URL.canParse(url) ? new URL(url).host : "its host";
      // Its message may repeat what was sent.
      const reason =
        error instanceof Error && /^status \d+$/.test(error.message) ? ` (${error.message})` : "";
      throw missingCredentials(
        bucket,
        `${host} gave no token${reason}; set GOOGLE_APPLICATION_CREDENTIALS or give the pod or machine a service account`,
      );
    }
  };
}

function form(fields: Readonly<Record<string, string>>): RequestInit {
  return { method: "POST", body: new URLSearchParams(fields) };
}

function encodeJson(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** https://developers.google.com/identity/protocols/oauth2/service-account#httprest */
function signAssertion(credentials: GoogleCredentials & { type: "service_account" }): string {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const claims = {
    iss: credentials.client_email,
    scope: SCOPE,
    aud: credentials.token_uri,
    iat: nowSeconds,
    exp: nowSeconds + 3600,
  };

  const signed = `${encodeJson({ alg: "RS256", typ: "JWT" })}.${encodeJson(claims)}`;
  try {
    return `${signed}.${createSign("RSA-SHA256").update(signed).sign(credentials.private_key, "base64url")}`;
  } catch {
    // The cause could quote the key.
    throw new BtdtError("BUCKET_NOT_ACCESSIBLE", "the private key of the Google service account is invalid", {
      hint: "download the account's key file again",
    });
  }
}

/** https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token */
async function exchangeToken(
  credentials: GoogleCredentials & { type: "external_account" },
  ask: Ask,
  bucket: string,
): Promise<Timed<string>> {
  const { audience, subject_token_type, token_url, service_account_impersonation_url } = credentials;
  const answer = await ask(
    token_url,
    form({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      audience,
      subject_token_type,
      scope: service_account_impersonation_url === undefined ? SCOPE : CLOUD_SCOPE,
      subject_token: await readSubjectToken(credentials.credential_source, ask, bucket),
    }),
  );
  const token = toToken(answer, bucket);
  if (service_account_impersonation_url === undefined) return token;
  const { accessToken, expireTime } = await ask(service_account_impersonation_url, {
    method: "POST",
    headers: { authorization: `Bearer ${token.value}`, "content-type": "application/json" },
    body: JSON.stringify({ scope: [SCOPE] }),
  });
  if (typeof accessToken !== "string" || typeof expireTime !== "string") throw withoutToken(bucket);
  return { value: accessToken, expiresMs: Date.parse(expireTime) };
}

async function readSubjectToken(source: SubjectTokenSource, ask: Ask, bucket: string): Promise<string> {
  const { file, url, headers = {}, format } = source;
  const field = format?.subject_token_field_name ?? "";
  if (url !== undefined && format?.type === "json") {
    const value = (await ask(url, { headers }))[field];
    if (typeof value === "string") return value.trim();
  } else if (file !== undefined) {
    try {
      const text = readFileSync(file, "utf8");
      const value: unknown =
        format?.type === "json" ? (JSON.parse(text) as Readonly<Record<string, unknown>>)[field] : text;
      if (typeof value === "string") return value.trim();
    } catch {
      throw missingCredentials(
        bucket,
        `the token in ${file}, named by the Google credentials, cannot be read`,
      );
    }
  }
  throw missingCredentials(
    bucket,
    "the external account's token must be in a file, or in a field of JSON at a URL; other sources are not supported",
  );
}

function toToken(fields: Readonly<Record<string, unknown>>, bucket: string): Timed<string> {
  const { access_token, expires_in } = fields;
  if (typeof access_token !== "string" || typeof expires_in !== "number") throw withoutToken(bucket);
  return { value: access_token, expiresMs: Date.now() + expires_in * 1000 };
}

function withoutToken(bucket: string): BtdtError {
  return missingCredentials(bucket, "the token server's answer contains no token");
}
