import { type ByteString, bytesFromBuffer } from "../../base/byte-string.ts";
import { damagedArchive } from "../archive-errors.ts";

/** An extended header of POSIX.1-2001 (`pax`): keywords and their values, as bytes. */
export type PaxRecords = ReadonlyMap<string, ByteString>;

const LENGTH = /^[1-9]\d{0,9}$/;

/** Each record is `LENGTH KEYWORD=VALUE\n`, LENGTH counting all of it. @throws BtdtError ARCHIVE_INVALID */
export function decodePaxRecords(bytes: Uint8Array): Map<string, ByteString> {
  const text = bytesFromBuffer(bytes);
  const records = new Map<string, ByteString>();
  for (let start = 0; start < text.length; ) {
    const space = text.indexOf(" ", start);
    const digits = text.slice(start, Math.max(start, space));
    const end = start + Number(digits);
    const equals = text.indexOf("=", space);
    const isRecord =
      LENGTH.test(digits) &&
      end <= text.length &&
      text[end - 1] === "\n" &&
      equals > space + 1 &&
      equals < end - 1;
    if (!isRecord) throw damagedArchive("an extended header is malformed");
    records.set(text.slice(space + 1, equals), text.slice(equals + 1, end - 1) as ByteString);
    start = end;
  }
  return records;
}

export function encodePaxRecords(records: PaxRecords): Uint8Array {
  let text = "";
  for (const [keyword, value] of records) {
    const rest = ` ${keyword}=${value}\n`;
    let lengthBytes = rest.length + 1;
    while (`${lengthBytes}${rest}`.length !== lengthBytes) lengthBytes = `${lengthBytes}${rest}`.length;
    text += `${lengthBytes}${rest}`;
  }
  return Buffer.from(text, "latin1");
}
