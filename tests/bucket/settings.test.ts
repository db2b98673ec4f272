import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BtdtError } from "../../src/base/errors.ts";
import { type BucketAddress, parseBucketAddress } from "../../src/bucket/address.ts";
import { locate } from "../../src/bucket/endpoint.ts";
import type { Profile, Variables } from "../../src/bucket/profile.ts";
import { readSettings } from "../../src/bucket/settings.ts";
import { toStorageHeaders } from "../../src/bucket/storage-headers.ts";
import { catchError } from "../support/catch-error.ts";

const scratch = mkdtempSync(join(tmpdir(), "btdt-test-settings-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const address = parseBucketAddress("s3://cache");

function urlOf(variables: Variables, profile: Profile = {}, at: BucketAddress = address): string {
  const { endpoint, region } = readSettings(at, variables, profile, undefined);
  return locate(at, endpoint, region ?? "us-east-1", "a b", {}).href;
}

test("without an endpoint, requests go to AWS, with the bucket as a host name", () => {
  expect(urlOf({})).toBe("https://cache.s3.us-east-1.amazonaws.com/a%20b");
  expect(urlOf({ AWS_REGION: "eu-west-1" })).toBe("https://cache.s3.eu-west-1.amazonaws.com/a%20b");
  expect(urlOf({ AWS_DEFAULT_REGION: "cn-north-1" })).toBe(
    "https://cache.s3.cn-north-1.amazonaws.com.cn/a%20b",
  );
  expect(urlOf({ AWS_USE_DUALSTACK_ENDPOINT: "true", AWS_USE_FIPS_ENDPOINT: "True" })).toBe(
    "https://cache.s3-fips.dualstack.us-east-1.amazonaws.com/a%20b",
  );
});

test("the dots of a bucket's name do not become part of a host name that a certificate is for", () => {
  const dotted = parseBucketAddress("s3://my.cache");
  expect(urlOf({}, {}, dotted)).toBe("https://s3.us-east-1.amazonaws.com/my.cache/a%20b");
});

test("with an endpoint, the bucket is part of the path, unless the profile says otherwise", () => {
  const variables = { AWS_ENDPOINT_URL: "https://s3.example.com:9000/" };
  expect(urlOf(variables)).toBe("https://s3.example.com:9000/cache/a%20b");
  expect(urlOf(variables, { addressingStyle: "virtual" })).toBe("https://cache.s3.example.com:9000/a%20b");
  expect(urlOf({}, { addressingStyle: "path" })).toBe("https://s3.us-east-1.amazonaws.com/cache/a%20b");
  expect(urlOf({ AWS_ENDPOINT_URL: "https://x.example/storage/v1/s3" })).toBe(
    "https://x.example/storage/v1/s3/cache/a%20b",
  );
});

test("the most specific endpoint counts", () => {
  const profile = { endpointUrl: "http://profile" };
  expect(urlOf({ AWS_ENDPOINT_URL_S3: "http://s3", AWS_ENDPOINT_URL: "http://any" }, profile)).toStartWith(
    "http://s3/",
  );
  expect(urlOf({ AWS_ENDPOINT_URL: "http://any" }, profile)).toStartWith("http://any/");
  expect(urlOf({ AWS_ENDPOINT_URL: " " }, profile)).toStartWith("http://profile/");
  expect(urlOf({ AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" }, profile)).toContain("amazonaws.com");
});

test("Google's buckets take no settings of AWS", () => {
  const google = parseBucketAddress("gs://my.cache");
  expect(urlOf({ AWS_ENDPOINT_URL: "http://any", AWS_USE_FIPS_ENDPOINT: "true" }, {}, google)).toBe(
    "https://storage.googleapis.com/my.cache/a%20b",
  );
});

test("settings that cannot be right are errors, which do not show what may be a password", () => {
  for (const url of [
    "s3.example.com",
    "ftp://x",
    "https://me:hunter2@x",
    "https://x?token=hunter2",
    "https://x#hunter2",
  ]) {
    const error = catchError(() => urlOf({ AWS_ENDPOINT_URL_S3: url })) as BtdtError;
    expect(error.code).toBe("BUCKET_NOT_ACCESSIBLE");
    expect(`${error.message}${error.hint}`).not.toContain("hunter2");
  }
  expect(catchError(() => urlOf({ AWS_REGION: "evil.example.com/" }))).toBeInstanceOf(BtdtError);
});

test("certificates come from the command line, a variable or the profile, in this order", () => {
  const write = (name: string, text: string) => {
    writeFileSync(join(scratch, name), text);
    return join(scratch, name);
  };
  const pem = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n`;
  const [option, variable, profile] = ["option", "variable", "profile"].map((name) => write(name, pem(name)));
  const variables = { AWS_CA_BUNDLE: variable };
  expect(readSettings(address, variables, { caBundle: profile }, option).ca).toBe(pem("option"));
  expect(readSettings(address, variables, { caBundle: profile }, undefined).ca).toBe(pem("variable"));
  expect(readSettings(address, {}, { caBundle: profile }, undefined).ca).toBe(pem("profile"));
  for (const path of [join(scratch, "missing"), scratch, write("empty", "")])
    expect(catchError(() => readSettings(address, {}, {}, path))).toBeInstanceOf(BtdtError);
});

test("encryption and storage class are headers of the provider's", () => {
  const options = { encryption: undefined, kmsKey: "key", storageClass: "STANDARD_IA" };
  expect(toStorageHeaders(address, options)).toEqual({
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "key",
    "x-amz-storage-class": "STANDARD_IA",
  });
  expect(toStorageHeaders(parseBucketAddress("gs://cache"), options)).toEqual({
    "x-goog-encryption-kms-key-name": "key",
    "x-goog-storage-class": "STANDARD_IA",
  });
  expect(
    toStorageHeaders(address, { encryption: "AES256", kmsKey: undefined, storageClass: undefined }),
  ).toEqual({
    "x-amz-server-side-encryption": "AES256",
  });
});
