import { type ByteString, parentOf } from "../base/byte-string.ts";
import type { AccessPolicy } from "./access-policy.ts";
import { constants } from "./file-constants.ts";
import { openFile } from "./native/descriptor-calls.ts";
import { rename } from "./native/path-calls.ts";
import { closeQuickly } from "./native/quick-file.ts";
import { nodeFs } from "./node-fs.ts";
import { writeNewFile } from "./regular-file.ts";

/**
 * Writes a new file and forces it to disk. If the name exists, that is an error, since nobody else uses it.
 * @param policy who else may use it
 * @throws a `node:fs` error; the caller removes the partial file
 */
export function writeDurably(path: ByteString, contents: Uint8Array, policy?: AccessPolicy): void {
  writeNewFile(path, contents, policy, (descriptor) => nodeFs().fsyncSync(descriptor));
}

/**
 * Gives a durably written file its name, replacing any file of that name, and makes the name itself durable: without
 * this, a power cut can leave the name on an empty file.
 * @throws a `node:fs` error
 */
export function publishDurably(temporary: ByteString, path: ByteString): void {
  rename(temporary, path);
  syncDirectory(parentOf(path));
}

export function syncDirectory(path: ByteString): void {
  sync(path, constants.O_DIRECTORY);
}

/** Forces a file's data to disk. @throws a `node:fs` error */
export function syncFile(path: ByteString): void {
  sync(path, constants.O_NOFOLLOW);
}

function sync(path: ByteString, flags: number): void {
  const descriptor = openFile(path, constants.O_RDONLY | flags);
  try {
    nodeFs().fsyncSync(descriptor);
  } finally {
    closeQuickly(descriptor);
  }
}
