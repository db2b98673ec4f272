import { type ByteString, bytesFromText, display, textFromBytes } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";

export function invalid(what: string, hint?: string): BtdtError {
  return new BtdtError("ARCHIVE_INVALID", what, hint === undefined ? {} : { hint });
}

/** Archives have text for names. @throws BtdtError ARCHIVE_INVALID */
export function assertUtf8(...names: readonly ByteString[]): void {
  for (const name of names) {
    if (bytesFromText(textFromBytes(name)) !== name) {
      throw invalid(`${display(name)} has a name that is not UTF-8, which an archive cannot hold`);
    }
  }
}
