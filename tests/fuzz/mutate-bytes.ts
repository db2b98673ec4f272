import type { Random } from "../support/random.ts";

/** Numbers at which sizes and offsets tend to go wrong. */
const EDGES = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0xffff_ffff_ffff_ffffn,
] as const;

/** One to four changes anywhere. */
export function mutateBytes(bytes: Uint8Array, random: Random): Buffer {
  let mutated: Buffer = Buffer.from(bytes);
  for (let count = 1 + random.below(4); count > 0; count--) mutated = mutateOnce(mutated, random);
  return mutated;
}

function mutateOnce(bytes: Buffer, random: Random): Buffer {
  if (bytes.length === 0) return Buffer.from([random.below(256)]);
  const at = random.below(bytes.length);
  const lengthBytes = 1 + random.below(Math.min(bytes.length - at, random.pick([4, 64, 4096])));
  switch (random.below(8)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 1:
      bytes[at] = random.pick([0, 0x20, 0x2f, 0x7f, 0x80, 0xff]);
      return bytes;
    case 2:
      return writeEdge(bytes, at, random);
    case 3:
      return Buffer.from(bytes.subarray(0, at));
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + lengthBytes)]);
    case 5: {
      const part = bytes.subarray(at, at + lengthBytes);
      const target = random.below(bytes.length);
      return Buffer.concat([bytes.subarray(0, target), part, bytes.subarray(target)]);
    }
    case 6:
      bytes.copy(bytes, random.below(bytes.length), at, at + lengthBytes);
      return bytes;
    default:
      for (let index = at; index < at + Math.min(8, lengthBytes); index++) bytes[index] = random.below(256);
      return bytes;
  }
}

/** Replaces a number by one at or near the limit of some type. */
export function writeEdge(bytes: Buffer, at: number, random: Random): Buffer {
  const widthBytes = random.pick([2, 4, 4, 8] as const);
  if (at + widthBytes > bytes.length) return bytes;
  const mask = (1n << BigInt(8 * widthBytes)) - 1n;
  const value = (random.pick(EDGES) + BigInt(random.below(3)) - 1n) & mask;
  for (let index = 0; index < widthBytes; index++)
    bytes[at + index] = Number((value >> BigInt(8 * index)) & 0xffn);
  return bytes;
}
