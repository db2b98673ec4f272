import { bucketVariables } from "../support/bucket-commands.ts";
import { CEPH_KEYS } from "../support/s3/ceph.ts";
import { useCephBucket } from "../support/s3/ceph-bucket.ts";
import type { StressedBucket } from "./bucket-stress.ts";

/** A bucket of a real server, whose clock cannot be set. */
export async function openCephBucket(): Promise<StressedBucket> {
  const url = await useCephBucket("stress");
  return { address: `s3://stress/${crypto.randomUUID()}`, variables: bucketVariables(url, CEPH_KEYS) };
}
