import { assertGiven } from "../../base/assert-given.ts";
import { Option } from "../parser/option.ts";

/** Options about the requests to a bucket; those that a cache directory does not need. */

export function defineCaFileOption() {
  return new Option(
    "--ca-file <path>",
    "for a bucket: trust the certificates in this PEM file instead of the system's",
  ).env("BTDT_CA_FILE");
}

export function defineAnonymousOption() {
  return new Option("--anonymous", "for a public bucket: send no credentials")
    .env("BTDT_ANONYMOUS")
    .default(false);
}

export function defineStorageClassOption() {
  return new Option(
    "--storage-class <class>",
    "for a bucket: storage class of new packs, e.g. STANDARD_IA",
  ).env("BTDT_STORAGE_CLASS");
}

export function defineEncryptionOption() {
  return new Option(
    "--encryption <kind>",
    "for a bucket: how the server encrypts new objects (default: as the bucket is configured)",
  )
    .env("BTDT_ENCRYPTION")
    .choices(["AES256", "aws:kms"] as const);
}

export function defineKmsKeyOption() {
  return new Option("--kms-key <id>", "for a bucket: key in the key management service, for encryption").env(
    "BTDT_KMS_KEY",
  );
}

/** What the options of a command say about its cache. */
export interface AddressedCache {
  readonly cache: string;
  readonly createCache?: boolean;
  readonly readOnly?: boolean;
  readonly localCache?: string | undefined;
  readonly storage?: string;
  readonly pin?: boolean;
  readonly caFile?: string | undefined;
  readonly anonymous?: boolean;
  readonly storageClass?: string | undefined;
  readonly encryption?: string | undefined;
  readonly kmsKey?: string | undefined;
}

/** @throws BtdtError USAGE */
export function assertOptionsGiven({ caFile, storageClass, kmsKey }: AddressedCache): void {
  if (caFile !== undefined) assertGiven(caFile, "--ca-file");
  if (storageClass !== undefined) assertGiven(storageClass, "--storage-class");
  if (kmsKey !== undefined) assertGiven(kmsKey, "--kms-key");
}
