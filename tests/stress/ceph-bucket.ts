import { connect } from "../support/bucket-client.ts";
import { bucketVariables } from "../support/bucket-commands.ts";
import { CEPH_KEYS, useCeph } from "../support/s3/ceph.ts";
import type { StressedBucket } from "./bucket-stress.ts";

/** A bucket of a real server, whose clock cannot be set. */
export async function openCephBucket(): Promise<StressedBucket> {
  const url = await useCeph();
  const address = { provider: "s3", bucket: "stress", prefix: "" } as const;
  await connect(url, { address }, CEPH_KEYS).send({ method: "PUT", name: "", mostAnswerBytes: 65_536 });
  return { address: `s3://stress/${crypto.randomUUID()}`, variables: bucketVariables(url, CEPH_KEYS) };
}
