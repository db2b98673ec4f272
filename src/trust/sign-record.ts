import { type KeyObject, sign } from "node:crypto";
import type { RecordSigner } from "../key/signed-record.ts";
import { describePublicKey } from "./key-text.ts";
import { encodeSignedBytes } from "./signed-bytes.ts";

/** Signs with Ed25519 (RFC 8032). */
export function createRecordSigner(privateKey: KeyObject): RecordSigner {
  const { id } = describePublicKey(privateKey);
  return (record) => ({
    key: id,
    value: sign(null, encodeSignedBytes(record), privateKey).toString("base64"),
  });
}
