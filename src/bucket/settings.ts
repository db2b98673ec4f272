import { readFileSync } from "node:fs";
import { BtdtError } from "../base/errors.ts";
import type { BucketAddress } from "./address.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Profile, Variables } from "./profile.ts";

/** How to reach a bucket. */
export interface BucketSettings {
  readonly endpoint: Endpoint;
  /** Undefined if nothing says so: the first answer does. */
  readonly region: string | undefined;
  /** Trusted certificates in PEM; undefined: the system's. */
  readonly ca: string | undefined;
}

/**
 * Reads the variables and the profile of the AWS tools, in their order of precedence.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 *
 * @param caFile from the command line
 * @throws BtdtError BUCKET_NOT_ACCESSIBLE
 */
export function readSettings(
  { provider }: BucketAddress,
  variables: Variables,
  profile: Profile,
  caFile: string | undefined,
): BucketSettings {
  const text = (name: string): string | undefined => variables[name]?.trim() || undefined;
  const ignoresEndpoints = isOn(text("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") ?? profile.ignoresEndpoints);
  const endpointUrl =
    provider === "gs"
      ? text("BTDT_GS_ENDPOINT_URL")
      : ignoresEndpoints
        ? undefined
        : (text("AWS_ENDPOINT_URL_S3") ?? text("AWS_ENDPOINT_URL") ?? profile.endpointUrl);
  const url = endpointUrl === undefined ? undefined : parseEndpoint(endpointUrl);
  const region = text("AWS_REGION") ?? text("AWS_DEFAULT_REGION") ?? profile.region;
  if (region !== undefined && !/^[a-z0-9][a-z0-9-]{0,39}$/.test(region))
    throw invalidSetting(
      "the AWS region is invalid",
      "check AWS_REGION, AWS_DEFAULT_REGION and the profile's region",
    );
  const ca = caFile ?? text("AWS_CA_BUNDLE") ?? profile.caBundle;
  return {
    endpoint: {
      url,
      hasPathStyle: provider === "gs" || choosePathStyle(profile.addressingStyle, url !== undefined),
      usesDualStack: isOn(text("AWS_USE_DUALSTACK_ENDPOINT") ?? profile.usesDualStack),
      usesFips: isOn(text("AWS_USE_FIPS_ENDPOINT") ?? profile.usesFips),
    },
    region,
    ca: ca === undefined ? undefined : readCertificates(ca),
  };
}

/** Few servers besides AWS have a host name for each bucket. */
function choosePathStyle(addressingStyle: string | undefined, hasEndpoint: boolean): boolean {
  switch (addressingStyle) {
    case "path":
      return true;
    case "virtual":
      return false;
    default:
      return hasEndpoint;
  }
}

function isOn(text: string | undefined): boolean {
  return text?.toLowerCase() === "true";
}

/** The value is never shown: it may contain a password. */
function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const hint =
    "write https://HOST[:PORT], in AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the profile's endpoint_url";
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw invalidSetting("the endpoint of the bucket is not a URL", hint);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw invalidSetting("the endpoint of the bucket contains credentials or a query", hint);
  return url;
}

function readCertificates(path: string): string {
  const hint = "--ca-file, or AWS_CA_BUNDLE, names a file of certificates in PEM";
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new BtdtError("BUCKET_NOT_ACCESSIBLE", `the certificates in ${path} cannot be read (${code})`, {
      path,
      hint,
      cause: error,
    });
  }
  if (!text.includes("-----BEGIN CERTIFICATE-----"))
    throw new BtdtError("BUCKET_NOT_ACCESSIBLE", `${path} contains no certificate`, { path, hint });
  return text;
}

function invalidSetting(message: string, hint: string): BtdtError {
  return new BtdtError("BUCKET_NOT_ACCESSIBLE", message, { hint });
}
