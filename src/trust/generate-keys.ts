import { generateKeyPairSync } from "node:crypto";
import { describePublicKey, formatPrivateKey, formatPublicKey } from "./key-text.ts";

export interface KeyPair {
  /** See `PublicKey`. */
  readonly id: string;
  readonly privateText: string;
  readonly publicText: string;
}

/** A new pair of Ed25519 keys, each as a line of text. */
export function generateKeys(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    id: describePublicKey(publicKey).id,
    privateText: formatPrivateKey(privateKey),
    publicText: formatPublicKey(publicKey),
  };
}
