import { connect, TEST_ADDRESS } from "../bucket-client.ts";
import { CEPH_KEYS, useCeph } from "./ceph.ts";

/** Makes a bucket in Ceph, unless it is there already. @returns the server's URL */
export async function useCephBucket(bucket = TEST_ADDRESS.bucket): Promise<URL> {
  const url = await useCeph();
  const owner = connect(url, { address: { provider: "s3", bucket, prefix: "" } }, CEPH_KEYS);
  await owner.send({ method: "PUT", name: "", mostAnswerBytes: 65_536 });
  return url;
}
