import { verify } from "node:crypto";
import type { RecordVerifier } from "../key/signed-record.ts";
import type { PublicKey } from "./key-text.ts";
import { encodeSignedBytes } from "./signed-bytes.ts";

/** Trusts what one of these keys has signed. */
export function createRecordVerifier(publicKeys: readonly PublicKey[]): RecordVerifier {
  return (record) => {
    const { signature } = record;
    if (signature === undefined) return "it is not signed";
    const candidates = publicKeys.filter(({ id }) => id === signature.key);
    if (candidates.length === 0) return `it is signed with another key, ${signature.key}`;
    const signed = encodeSignedBytes(record);
    const value = Buffer.from(signature.value, "base64");
    const isRight = candidates.some(({ object }) => verify(null, signed, object, value));
    return isRight ? undefined : "its signature is wrong: it was altered, or made for another entry";
  };
}
