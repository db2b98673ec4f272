import { compileLightly } from "../base/compile-lightly.ts";
import { DIGEST_HEX_DIGITS, DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { EXCLUSIVE_ENDING } from "../objects/object-name.ts";
import type { NamedContent, NameKind } from "./named-content.ts";

const digest = new Uint8Array(DIGEST_SIZE_BYTES);
const parsed: NamedContent = {
  digests: new Int32Array(digest.buffer),
  firstWord: 0,
  permissions: 0,
  mtimeSeconds: 0,
  mtimeNanoseconds: 0,
};

/**
 * Parses the name of an object or a manifest. It does not check the name again, and is several times as fast for that.
 * The result is valid until the next call.
 */
export function parseFileName(name: string): NamedContent {
  for (let byte = 0; byte < DIGEST_SIZE_BYTES; byte++) {
    digest[byte] = (digitOf(name.charCodeAt(2 * byte)) << 4) | digitOf(name.charCodeAt(2 * byte + 1));
  }
  parsed.permissions = 0;
  parsed.mtimeSeconds = 0;
  parsed.mtimeNanoseconds = 0;
  if (name.length === DIGEST_HEX_DIGITS) return parsed;
  // After the dash. The time may be negative, so the next dash need not be the last.
  const start = DIGEST_HEX_DIGITS + 1;
  const dash = name.indexOf("-", start);
  const dot = name.indexOf(".", dash);
  parsed.permissions = Number.parseInt(name.slice(start, dash), 8);
  parsed.mtimeSeconds = Number(name.slice(dash + 1, dot));
  parsed.mtimeNanoseconds = Number(name.slice(dot + 1, dot + 10));
  return parsed;
}

/** What has such a name. */
export function kindOfName(name: string): NameKind {
  if (name.length === DIGEST_HEX_DIGITS) return "manifest";
  return name.endsWith(EXCLUSIVE_ENDING) ? "exclusive" : "object";
}

/** Of a lower-case hexadecimal digit. */
function digitOf(code: number): number {
  return code < 0x61 ? code - 0x30 : code - 0x57;
}

compileLightly(digitOf, kindOfName, parseFileName);
