/**
 * The credential providers of the AWS SDK: profiles with roles, SSO and `credential_process`, web identity, containers,
 * Pod Identity, instances. Loaded only by commands that work on a bucket and have no keys in the environment.
 */
import { readFileSync } from "node:fs";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { externalDataInterceptor } from "@smithy/core/config";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { missingCredentials } from "./bucket-errors.ts";

import type { Variables } from "./profile.ts";
import type { Timed } from "./renewing-source.ts";
import type { SigningKeys } from "./sigv4.ts";

export interface ChainSettings {
  readonly variables: Variables;
  readonly profileName: string;
  /** Of the profile. */
  readonly webIdentityTokenFile: string | undefined;
  readonly region: string | undefined;
  /** Certificates in PEM; undefined: the system's. */
  readonly ca: string | undefined;
  readonly bucket: string;
}

/** A machine that is no instance does not answer: two attempts are made. */
const INSTANCE_TIMEOUT_MS = 900;

const DEFAULT_REGION = "us-east-1";

const quiet = (): void => undefined;
const logger = { trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet };

/** @throws BtdtError BUCKET_NOT_ACCESSIBLE */
export async function askCredentialChain(settings: ChainSettings): Promise<Timed<SigningKeys>> {
  const { variables, profileName } = settings;
  // Without one, the SDK writes a warning to the console.
  const region = settings.region ?? DEFAULT_REGION;
  try {
    for (const file of [variables["AWS_WEB_IDENTITY_TOKEN_FILE"], settings.webIdentityTokenFile]) {
      // The SDK would send a newline at the end as part of the token.
      if (file !== undefined) externalDataInterceptor.interceptToken(file, readToken(file));
    }
    const provider = defaultProvider({
      ignoreCache: true,
      logger,
      timeout: INSTANCE_TIMEOUT_MS,
      maxRetries: 0,
      ...(profileName === "default" ? {} : { profile: profileName }),
      ...trimContainerToken(variables),
      clientConfig: { requestHandler: createRequestHandler(settings.ca), region },
      parentClientConfig: { region },
    });
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await provider();
    return {
      value: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
      expiresMs: expiration?.getTime(),
    };
  } catch (error) {
    throw missingCredentials(settings.bucket, hintFor(error), error);
  }
}

function readToken(file: string): string {
  return readFileSync(file, "utf8").trim();
}

/** Of Pod Identity. An empty file name keeps the SDK from reading the file itself. */
function trimContainerToken(variables: Variables) {
  const file = variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"];
  return file === undefined || file === ""
    ? {}
    : { awsContainerAuthorizationToken: readToken(file), awsContainerAuthorizationTokenFile: "" };
}

/** The SDK's own handler ignores proxies. */
function createRequestHandler(ca: string | undefined): FetchHttpHandler {
  return new FetchHttpHandler({
    requestTimeout: 20_000,
    requestInit: () => ({ redirect: "error", ...(ca === undefined ? {} : { tls: { ca } }) }),
  });
}

/** Messages of the SDK name files, profiles and hosts but no secrets; output of a `credential_process` may be one. */
function hintFor(error: unknown): string {
  const advice =
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the pod or machine a role; --anonymous sends none";
  const isKnown = error instanceof Error && error.name === "CredentialsProviderError";
  const says =
    isKnown && !/process|command/i.test(error.message) ? error.message.split("\n", 1)[0] : undefined;
  return says === undefined || says === "" ? advice : `${advice} (${says.slice(0, 200)})`;
}
