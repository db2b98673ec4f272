import type { BucketAddress } from "./address.ts";

/** Where a bucket's requests go. */
export interface Endpoint {
  /** The default of AWS or Google, if undefined. Has no query and no credentials. */
  readonly url: URL | undefined;
  /** The bucket is part of the path, not of the host name. */
  readonly hasPathStyle: boolean;
  readonly usesDualStack: boolean;
  readonly usesFips: boolean;
}

/** The URL of an object, or of the bucket if `name` is empty. */
export function locate(
  { provider, bucket }: BucketAddress,
  endpoint: Endpoint,
  region: string,
  name: string,
  query: Readonly<Record<string, string>>,
): URL {
  const base =
    endpoint.url ??
    new URL(provider === "gs" ? "https://storage.googleapis.com" : originOfAws(endpoint, region));
  const { protocol, host } = base;
  const root = base.pathname.replace(/\/$/, "");
  const path = encodePath(name);
  // The dots of a bucket's name do not fit into the certificates of AWS.
  const url =
    endpoint.hasPathStyle || (protocol === "https:" && bucket.includes("."))
      ? `${protocol}//${host}${root}/${encode(bucket)}${name === "" ? "" : `/${path}`}`
      : `${protocol}//${bucket}.${host}${root}/${path}`;
  const words = Object.entries(query).map(([key, value]) => `${encode(key)}=${encode(value)}`);
  return new URL(words.length === 0 ? url : `${url}?${words.join("&")}`);
}

/** https://docs.aws.amazon.com/general/latest/gr/s3.html */
function originOfAws({ usesDualStack, usesFips }: Endpoint, region: string): string {
  const service = `s3${usesFips ? "-fips" : ""}${usesDualStack ? ".dualstack" : ""}`;
  return `https://${service}.${region}.${region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com"}`;
}

function encodePath(name: string): string {
  return name.split("/").map(encode).join("/");
}

/** As signatures demand it: everything but letters, digits and `-._~`. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
