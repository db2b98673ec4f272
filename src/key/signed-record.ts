import type { KeyRecord } from "./key-record.ts";
import type { EntrySignature } from "./signature.ts";

/** Adds a signature to a record that has all else. */
export type RecordSigner = (record: KeyRecord) => EntrySignature;

/** Why a record is not trusted, as a sentence without a subject (`it is not signed`); undefined if it is. */
export type RecordVerifier = (record: KeyRecord) => string | undefined;

/** The same record, signed if there is a signer. */
export function addSignature<Record extends KeyRecord>(
  record: Record,
  sign: RecordSigner | undefined,
): Record {
  return sign === undefined ? record : { ...record, signature: sign(record) };
}
