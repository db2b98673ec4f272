/** Says who stored an entry: an Ed25519 signature of its record, see `docs/format.md`. */
export interface EntrySignature {
  /** The id of the public key that it can be verified with, 16 hexadecimal digits. */
  readonly key: string;
  /** 64 bytes in base64. */
  readonly value: string;
}

const KEY_ID = /^[0-9a-f]{16}$/;
const BASE64_OF_64_BYTES = /^[A-Za-z0-9+/]{86}==$/;

/** A signature of any other form, such as one of a later version, counts as none. */
export function readSignature(json: unknown): EntrySignature | undefined {
  if (typeof json !== "object" || json === null || !("key" in json) || !("value" in json)) return undefined;
  const { key, value } = json;
  if (typeof key !== "string" || !KEY_ID.test(key)) return undefined;
  if (typeof value !== "string" || !BASE64_OF_64_BYTES.test(value)) return undefined;
  return { key, value };
}
