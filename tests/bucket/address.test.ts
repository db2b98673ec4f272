import { expect, test } from "bun:test";
import { BtdtError } from "../../src/base/errors.ts";
import { isBucketAddress, parseBucketAddress } from "../../src/bucket/address.ts";
import { catchError } from "../support/catch-error.ts";

test("an address has a bucket and may have a prefix", () => {
  expect(parseBucketAddress("s3://cache")).toEqual({ provider: "s3", bucket: "cache", prefix: "" });
  expect(parseBucketAddress("s3://cache/")).toEqual({ provider: "s3", bucket: "cache", prefix: "" });
  expect(parseBucketAddress("gs://my.cache_1/team ä/ci/")).toEqual({
    provider: "gs",
    bucket: "my.cache_1",
    prefix: "team ä/ci",
  });
});

test("paths are no addresses", () => {
  for (const path of ["/s3://x", "s3", "./s3:", "cache/s3://x"]) expect(isBucketAddress(path)).toBe(false);
  for (const text of ["s3://x", "gs:x", "S3://x"]) expect(isBucketAddress(text)).toBe(true);
});

/** What is wrong, and what must not be shown. */
const INVALID = [
  ["s3:cache", "is not the address of a bucket"],
  ["S3://cache", "is not the address of a bucket"],
  ["s3://", "names no bucket"],
  ["s3:///prefix", "names no bucket"],
  ["s3://cache?endpoint=https://evil.example.com", "contains a query", "evil"],
  ["s3://cache/ci?region=x", "contains a query", "region=x"],
  ["s3://cache/ci#part", "contains a query", "part"],
  ["s3://key:password@cache/ci", "contains credentials or a port", "password"],
  ["s3://host:9000/cache", "contains credentials or a port"],
  ["s3://a..b", "contains an invalid bucket name"],
  ["s3://-a", "contains an invalid bucket name"],
  ["s3://cache\\evil/ci", "contains an invalid bucket name"],
  ["s3://cache/a//b", "contains an invalid prefix"],
  ["s3://cache/../b", "contains an invalid prefix"],
  ["s3://cache/a\nb", "contains an invalid prefix", "\n"],
  [`s3://cache/${"a".repeat(600)}`, "contains an invalid prefix"],
] as const;

for (const [text, problem, hidden] of INVALID) {
  test(`the address ${JSON.stringify(text.slice(0, 60))} is a usage error`, () => {
    const error = catchError(() => parseBucketAddress(text)) as BtdtError;
    expect(error).toBeInstanceOf(BtdtError);
    expect(error.code).toBe("USAGE");
    expect(error.message).toContain(problem);
    if (hidden !== undefined) expect(error.message).not.toContain(hidden);
  });
}
