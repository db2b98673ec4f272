import { type ByteString, bytesFromBuffer, fsPath } from "../../base/byte-string.ts";
import { O_PATH } from "../file-constants.ts";
import { nodeFs } from "../node-fs.ts";
import { openFile } from "./descriptor-calls.ts";
import { linuxLibc } from "./libc.ts";
import { PATH_MAX_BYTES } from "./path-buffer.ts";
import { pointerTo } from "./path-calls.ts";
import { PinnedBuffer } from "./pinned-buffer.ts";
import { closeQuickly } from "./quick-file.ts";

/**
 * An existing path, absolute and free of symlinks, as the system finds it.
 * @throws a `node:fs` error if it does not exist
 */
export function readRealPath(path: ByteString): ByteString {
  // Without `/proc`, or where the path is longer than this, `node:fs` says what is wrong.
  return (
    readDescriptorPath(path) ??
    bytesFromBuffer(nodeFs().realpathSync.native(fsPath(path), { encoding: "buffer" }))
  );
}

function readDescriptorPath(path: ByteString): ByteString | undefined {
  if (linuxLibc === undefined) return undefined;
  const descriptor = openFile(path, O_PATH);
  try {
    const found = new PinnedBuffer(Buffer.allocUnsafeSlow(PATH_MAX_BYTES));
    const link = pointerTo(`/proc/self/fd/${descriptor}` as ByteString);
    const count = linuxLibc.readlink(link, found.pointerAt(0), PATH_MAX_BYTES);
    return count > 0 && count < PATH_MAX_BYTES ? bytesFromBuffer(found.bytes, 0, count) : undefined;
  } finally {
    closeQuickly(descriptor);
  }
}
