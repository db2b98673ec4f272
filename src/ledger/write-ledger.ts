import type { ByteString } from "../base/byte-string.ts";
import type { Pause } from "../base/pause.ts";
import type { AccessPolicy } from "../fs/access-policy.ts";
import { closeWritten } from "../fs/native/close-written.ts";
import { writeFullyAt } from "../fs/positioned-io.ts";
import { createFile } from "../fs/regular-file.ts";
import type { Ledger } from "./ledger.ts";
import { encodeLedgerTables } from "./ledger-codec.ts";
import type { ObjectBlock } from "./object-block.ts";

/**
 * Writes a ledger to a new file. It is not flushed: what a power cut makes of it does not match its checksum.
 * @param blocks all objects, in full blocks except for the last; each is written before the next is asked for
 * @returns false if there are too many entries, or some of their manifests are missing in the ledger
 * @param policy who else may use it
 * @throws a `node:fs` error, and whatever `pause` throws; a partial file is left
 */
export async function writeLedger(
  path: ByteString,
  ledger: Ledger,
  blocks: Iterable<ObjectBlock>,
  pause: Pause,
  policy?: AccessPolicy,
): Promise<boolean> {
  const tables = encodeLedgerTables(ledger);
  if (tables === undefined) return false;
  const descriptor = createFile(path, policy);
  const hash = new Bun.SHA256();
  let offset = 0;
  const append = (bytes: Uint8Array): void => {
    writeFullyAt(descriptor, bytes, offset);
    offset += bytes.length;
  };
  try {
    append(tables);
    hash.update(tables);
    for (const { bytes } of blocks) {
      append(bytes);
      hash.update(bytes);
      await pause();
    }
    append(Buffer.from(hash.digest("hex"), "hex"));
  } finally {
    closeWritten(descriptor);
  }
  return true;
}
