import type { BucketAddress } from "./address.ts";
import type { StorageHeaders } from "./put-object.ts";

/** How a server is to keep what is stored; undefined: as the bucket is configured. */
export interface StorageOptions {
  /** `AES256` or `aws:kms`. Google has no such choice. */
  readonly encryption?: string | undefined;
  readonly kmsKey?: string | undefined;
  /** Such as `STANDARD_IA`. Only for packs: classes have minimum sizes, and some take hours to read from. */
  readonly storageClass?: string | undefined;
}

/**
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 * https://cloud.google.com/storage/docs/xml-api/reference-headers
 */
export function toStorageHeaders(
  { provider }: BucketAddress,
  { encryption, kmsKey, storageClass }: StorageOptions,
): StorageHeaders {
  if (provider === "gs")
    return {
      ...(kmsKey === undefined ? {} : { "x-goog-encryption-kms-key-name": kmsKey }),
      ...(storageClass === undefined ? {} : { "x-goog-storage-class": storageClass }),
    };
  const algorithm = encryption ?? (kmsKey === undefined ? undefined : "aws:kms");
  return {
    ...(algorithm === undefined ? {} : { "x-amz-server-side-encryption": algorithm }),
    ...(kmsKey === undefined ? {} : { "x-amz-server-side-encryption-aws-kms-key-id": kmsKey }),
    ...(storageClass === undefined ? {} : { "x-amz-storage-class": storageClass }),
  };
}
