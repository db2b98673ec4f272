/**
 * Keys as text: one line each, `btdt-private-ed25519:` or `btdt-public-ed25519:` and the 32 bytes of RFC 8032 in
 * base64url. Empty lines, and lines that start with `#`, are skipped.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { BtdtError } from "../base/errors.ts";

const PRIVATE_PREFIX = "btdt-private-ed25519:";
const PUBLIC_PREFIX = "btdt-public-ed25519:";
const BASE64URL_OF_32_BYTES = /^[A-Za-z0-9_-]{43}$/;

// What comes before the 32 bytes in DER (RFC 8410): PKCS #8, SubjectPublicKeyInfo.
const PRIVATE_DER = Buffer.from("302e020100300506032b657004220420", "hex");
const PUBLIC_DER = Buffer.from("302a300506032b6570032100", "hex");
const RAW_BYTES = 32;

export interface PublicKey {
  /** The first 16 digits of the SHA-256 of its bytes: short enough to compare by eye. It only says which key to try. */
  readonly id: string;
  readonly object: KeyObject;
}

export function formatPrivateKey(key: KeyObject): string {
  return (
    PRIVATE_PREFIX + key.export({ format: "der", type: "pkcs8" }).subarray(-RAW_BYTES).toString("base64url")
  );
}

export function formatPublicKey(key: KeyObject): string {
  return PUBLIC_PREFIX + rawPublicKey(key).toString("base64url");
}

/** @throws BtdtError SIGNING_KEY_INVALID */
export function parsePrivateKey(text: string, origin: string): KeyObject {
  const [line, ...others] = linesOf(text);
  const raw = line === undefined || others.length > 0 ? undefined : rawOf(line, PRIVATE_PREFIX);
  if (raw === undefined)
    throw invalid(`${origin} is not a private key`, "it has one line, as btdt keygen writes it");
  return createPrivateKey({ key: Buffer.concat([PRIVATE_DER, raw]), format: "der", type: "pkcs8" });
}

/** One or more. @throws BtdtError SIGNING_KEY_INVALID */
export function parsePublicKeys(text: string, origin: string): PublicKey[] {
  const lines = linesOf(text);
  if (lines.some((line) => line.startsWith(PRIVATE_PREFIX))) {
    throw invalid(`${origin} is a private key`, "give the public one: the file that ends in .pub");
  }
  const raws = lines.map((line) => rawOf(line, PUBLIC_PREFIX));
  if (raws.length === 0 || raws.includes(undefined)) {
    throw invalid(
      `${origin} has no public keys, or more than these`,
      "each has one line, as btdt keygen writes it",
    );
  }
  return raws
    .filter((raw) => raw !== undefined)
    .map((raw) =>
      describePublicKey(
        createPublicKey({ key: Buffer.concat([PUBLIC_DER, raw]), format: "der", type: "spki" }),
      ),
    );
}

/** Whether a text is a public key itself rather than where one is. */
export function isPublicKey(text: string): boolean {
  return text.startsWith(PUBLIC_PREFIX);
}

/** @param key public, or private with its public part */
export function describePublicKey(key: KeyObject): PublicKey {
  const object = key.type === "private" ? createPublicKey(key) : key;
  return { id: new Bun.SHA256().update(rawPublicKey(object)).digest("hex").slice(0, 16), object };
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" }).subarray(-RAW_BYTES);
}

function linesOf(text: string): string[] {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

function rawOf(line: string, prefix: string): Buffer | undefined {
  const encoded = line.startsWith(prefix) ? line.slice(prefix.length) : "";
  return BASE64URL_OF_32_BYTES.test(encoded) ? Buffer.from(encoded, "base64url") : undefined;
}

/** The text itself is never shown: it may be a secret. */
function invalid(message: string, hint: string): BtdtError {
  return new BtdtError("SIGNING_KEY_INVALID", message, { hint });
}
