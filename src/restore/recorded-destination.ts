import { type ByteString, bytesFromText, display, joinBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { lstat } from "../fs/native/file-status.ts";
import { type Destination, destinationError, examineDestination } from "./destination.ts";

/**
 * Examines the path that an entry itself records, relative to the working directory. It comes from the cache, not
 * from the user: no symlink on the way is followed, because it could lead out of the working directory. Parent
 * directories may be missing.
 * @param path in the form of `isRecordedPath`
 * @throws BtdtError DESTINATION_CONFLICT, DESTINATION_INSIDE_CACHE, DESTINATION_NOT_WRITABLE
 */
export function examineRecordedDestination(path: string, cacheRoot: ByteString): Destination {
  const given = bytesFromText(path);
  let above = "" as ByteString;
  for (const name of given.split("/")) {
    above = joinBytes(above, name as ByteString);
    if (kindOf(above, given) !== "symlink") continue;
    throw new BtdtError(
      "DESTINATION_CONFLICT",
      `${display(above)} is a symlink, which restore does not follow on its own`,
      {
        path: display(above),
        hint: "name the destinations, or remove the symlink",
      },
    );
  }
  return examineDestination(given, cacheRoot, "made");
}

function kindOf(path: ByteString, given: ByteString): string | undefined {
  try {
    return lstat(path)?.kind;
  } catch (error) {
    throw destinationError(given, error);
  }
}
