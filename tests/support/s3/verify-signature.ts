import { createHash, createHmac } from "node:crypto";

/** The part of a request that a signature covers. */
export interface SignedRequest {
  readonly method: string;
  /** As sent: encoded path and query. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/**
 * The error code that S3 would answer with; undefined if the signature is right. Written after the specification, not
 * after the code.
 */
export function findSignatureError(
  request: SignedRequest,
  accounts: ReadonlyMap<string, string>,
  nowMs: number,
): string | undefined {
  const { method, target, headers, body } = request;
  const [, accessKey = "", scope = "", signedHeaders = "", signature = ""] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\S+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.get("authorization") ?? "",
    ) ?? [];
  if (accessKey === "") return "AccessDenied";
  const secret = accounts.get(accessKey);
  if (secret === undefined) return "InvalidAccessKeyId";
  const time = headers.get("x-amz-date") ?? "";
  const timeMs = Date.parse(time.replace(/^(....)(..)(..T..)(..)(..Z)$/, "$1-$2-$3:$4:$5"));
  if (!(Math.abs(timeMs - nowMs) <= 15 * 60_000)) return "RequestTimeTooSkewed";
  const digest = createHash("sha256").update(body).digest("hex");
  if (headers.get("x-amz-content-sha256") !== digest) return "XAmzContentSHA256Mismatch";
  const names = signedHeaders.split(";");
  const required = ["host", ...[...headers.keys()].filter((name) => name.startsWith("x-amz-"))];
  if (!required.every((name) => names.includes(name))) return "AccessDenied";
  const [path = "", query = ""] = target.split("?");
  const canonical = [
    method,
    path,
    query.split("&").toSorted().join("&"),
    ...names.map((name) => `${name}:${headers.get(name)?.trim()}`),
    "",
    signedHeaders,
    digest,
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope, createHash("sha256").update(canonical).digest("hex")].join(
    "\n",
  );
  const key = scope
    .split("/")
    .reduce<string | Buffer>(
      (each, part) => createHmac("sha256", each).update(part).digest(),
      `AWS4${secret}`,
    );
  const expected = createHmac("sha256", key).update(text).digest("hex");
  return expected === signature ? undefined : "SignatureDoesNotMatch";
}

/** In which region the request was signed. */
export function regionOf(headers: Headers): string {
  return /Credential=[^/]+\/\d+\/([^/]+)\//.exec(headers.get("authorization") ?? "")?.[1] ?? "";
}
