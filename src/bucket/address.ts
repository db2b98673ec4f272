import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";

/** Which bucket a cache is in, and what the names of its objects start with. */
export interface BucketAddress {
  readonly provider: "s3" | "gs";
  readonly bucket: string;
  /** Empty, or slash-separated parts without a slash at either end. */
  readonly prefix: string;
}

/** The name becomes part of a host name, so it can contain nothing that ends one. */
const BUCKET = /^[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.)){1,253}[A-Za-z0-9]$/;

/** Servers allow 1,024 bytes for a whole name; the rest is for what follows the prefix. */
const MOST_PREFIX_BYTES = 512;

export function isBucketAddress(text: string): boolean {
  const scheme = text.slice(0, 3).toLowerCase();
  return scheme === "s3:" || scheme === "gs:";
}

/**
 * Parses `s3://bucket[/prefix]` and `gs://bucket[/prefix]`. Endpoints, regions and credentials are not part of an
 * address: it is often a parameter of a pipeline, and setting it must not be enough to redirect requests.
 *
 * @throws BtdtError USAGE. The message never contains what could be a password.
 */
export function parseBucketAddress(text: string): BucketAddress {
  const [, provider, bucket = "", path = ""] = /^(s3|gs):\/\/([^/?#]*)([^]*)$/.exec(text) ?? [];
  if (provider !== "s3" && provider !== "gs")
    throw invalid(
      text,
      "is not the address of a bucket",
      "write s3://BUCKET[/PREFIX] or gs://BUCKET[/PREFIX]",
    );
  if (bucket === "") throw invalid(text, "names no bucket", `write ${provider}://BUCKET[/PREFIX]`);
  if (/[?#]/.test(path)) throw invalid(text, "contains a query", ENDPOINT_HINT);
  if (/[@:]/.test(bucket)) throw invalid(text, "contains credentials or a port", ENDPOINT_HINT);
  if (!BUCKET.test(bucket))
    throw invalid(
      text,
      "contains an invalid bucket name",
      "use letters, digits, dots, dashes and underscores",
    );
  const prefix = path.replace(/^\/|\/$/g, "");
  if (prefix !== "" && !isPrefix(prefix))
    throw invalid(
      text,
      "contains an invalid prefix",
      `use up to ${MOST_PREFIX_BYTES} bytes, without control characters and without empty, "." or ".." parts`,
    );
  return { provider, bucket, prefix };
}

const ENDPOINT_HINT =
  "endpoint, region and credentials are set by the variables and profiles of the AWS tools, such as AWS_ENDPOINT_URL_S3";

function isPrefix(prefix: string): boolean {
  return (
    Buffer.byteLength(prefix) <= MOST_PREFIX_BYTES &&
    prefix.isWellFormed() &&
    escapeControls(prefix) === prefix &&
    prefix.split("/").every((part) => part !== "" && part !== "." && part !== "..")
  );
}

function invalid(text: string, problem: string, hint: string): BtdtError {
  const harmless = escapeControls(text.replace(/^([a-z0-9]+:\/\/)[^/]*@/i, "$1…@").replace(/[?#][^]*/, "?…"));
  return new BtdtError("USAGE", `the cache address "${harmless}" ${problem}`, { hint });
}
