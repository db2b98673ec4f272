import { bytesFromText } from "../base/byte-string.ts";
import { hexOf } from "../base/digest.ts";
import type { Runtime } from "../work/runtime.ts";

/**
 * The BLAKE3 digest of files and directories, 64 hexadecimal digits; for several paths, the hash over their hashes.
 * @throws BtdtError SOURCE_MISSING, SOURCE_UNREADABLE, SOURCE_UNSUPPORTED, CANCELLED
 */
export async function hashPathsBlake3(paths: readonly string[], runtime: Runtime): Promise<string> {
  const { Blake3Hasher } = await import("./hash-blake3.ts");
  const { isCancelled, progress } = runtime;
  const hasher = await Blake3Hasher.load(isCancelled, (done) => progress.add(done));
  const digests: Uint8Array[] = [];
  progress.begin({ name: "hashing", unit: "bytes" });
  try {
    for (const path of paths) digests.push(await hasher.hashPath(bytesFromText(path)));
  } finally {
    progress.end();
  }
  const [first] = digests;
  if (first !== undefined && digests.length === 1) return hexOf(first);
  return hexOf(hasher.hashBytes(Buffer.concat(digests)));
}
