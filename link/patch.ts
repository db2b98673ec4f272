/** Bytes to put at a place in a file. */
export type Patch = { readonly offset: number; readonly bytes: Uint8Array };

export function patchHalf(offset: number, value: number): Patch {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return { offset, bytes };
}

export function patchWord(offset: number, value: number): Patch {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return { offset, bytes };
}

export function patchLong(offset: number, value: number): Patch {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return { offset, bytes };
}
