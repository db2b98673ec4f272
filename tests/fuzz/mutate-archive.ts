import type { Random } from "../support/random.ts";
import { type ArchiveSamples, compressTar } from "./archive-samples.ts";
import { mutateBytes, writeEdge } from "./mutate-bytes.ts";

const BLOCK_BYTES = 512;
const CENTRAL = Buffer.from([0x50, 0x4b, 1, 2]);
const HOSTILE_NAMES = ["../x", "/x", "a/../../x", ".", "a\0b", "", "a//b", "\xff\xfe"] as const;

export interface MutatedArchive {
  readonly format: "tar" | "tar.gz" | "tar.zst" | "zip";
  readonly bytes: Buffer;
}

/** An archive, changed at random, or so that its checksums still match. */
export function mutateArchive(samples: ArchiveSamples, random: Random): MutatedArchive {
  switch (random.below(8)) {
    case 0:
      return { format: "tar", bytes: mutateBytes(random.pick(samples.tars), random) };
    case 1:
      return { format: "tar", bytes: mutateTar(random.pick(samples.tars), random) };
    case 2:
    case 3: {
      const format = random.pick(["tar.gz", "tar.zst"] as const);
      return { format, bytes: mutateBytes(compressTar(random.pick(samples.tars), format), random) };
    }
    case 4:
    case 5: {
      const format = random.pick(["tar.gz", "tar.zst"] as const);
      return { format, bytes: compressTar(mutateTar(random.pick(samples.tars), random), format) };
    }
    case 6:
      return { format: "zip", bytes: mutateBytes(random.pick(samples.zips), random) };
    default:
      return { format: "zip", bytes: mutateZip(random.pick(samples.zips), random) };
  }
}

/** Moves whole blocks, or changes header fields and corrects the checksums. */
function mutateTar(sample: Buffer, random: Random): Buffer {
  const blocks: [Buffer, ...Buffer[]] = [Buffer.from(sample.subarray(0, BLOCK_BYTES))];
  for (let start = BLOCK_BYTES; start < sample.length; start += BLOCK_BYTES) {
    blocks.push(Buffer.from(sample.subarray(start, start + BLOCK_BYTES)));
  }
  for (let count = 1 + random.below(3); count > 0; count--) {
    const block = random.pick(blocks);
    switch (random.below(5)) {
      case 0:
        blocks.splice(random.below(blocks.length), 1);
        break;
      case 1:
        blocks.splice(random.below(blocks.length), 0, Buffer.from(block));
        break;
      case 2:
        block.write(random.pick(HOSTILE_NAMES), random.pick([0, 157, 345]), "latin1");
        break;
      case 3:
        block.write(
          random.pick(["0", "1", "2", "3", "5", "7", "x", "g", "L", "K", "S", "V", "Z", "\0"]),
          156,
          "latin1",
        );
        break;
      default:
        mutateNumber(block, random);
        break;
    }
  }
  for (const block of blocks) if (isHeader(block)) repairChecksum(block);
  return Buffer.concat(blocks);
}

function mutateNumber(block: Buffer, random: Random): void {
  const [start, end] = random.pick([
    [100, 108],
    [124, 136],
    [136, 148],
  ] as const);
  const octal = random.pick([
    "0",
    "1",
    "777",
    "7777",
    "77777777777",
    "10000000000",
    "8",
    " 12",
    "-1",
  ] as const);
  if (random.isLucky(1 / 3)) {
    block.fill(0, start, end);
    block[start] = random.pick([0x80, 0xff]);
    writeEdge(block, end - 8, random);
    block.subarray(end - 8, end).reverse();
  } else {
    block.fill(0, start, end);
    block.write(octal.slice(0, end - start), start, "latin1");
  }
}

function isHeader(block: Buffer): boolean {
  return block.length === BLOCK_BYTES && block.subarray(257, 262).equals(Buffer.from("ustar"));
}

function repairChecksum(block: Buffer): void {
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}

/** Changes fields of a header and the directory alike, and contents along with their checksums. */
function mutateZip(sample: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(sample);
  const central = bytes.indexOf(CENTRAL);
  const local = bytes.readUInt32LE(central + 42);
  const both = (localAt: number, centralAt: number, write: (at: number) => void): void => {
    write(local + localAt);
    write(central + centralAt);
  };
  switch (random.below(5)) {
    case 0: {
      const name = random.pick(HOSTILE_NAMES).slice(0, bytes.readUInt16LE(local + 26));
      both(30, 46, (at) => bytes.write(name, at, "latin1"));
      break;
    }
    case 1: {
      const field = random.pick([
        [14, 16],
        [18, 20],
        [22, 24],
        [8, 10],
        [6, 8],
        [10, 12],
      ] as const);
      const value = random.pick([0, 1, 8, 9, 0xffff, 0x10000, 0x7fffffff, 0xfffffffe, 0xffffffff] as const);
      const isShort = field[0] < 14;
      both(field[0], field[1], (at) =>
        isShort ? bytes.writeUInt16LE(value & 0xffff, at) : bytes.writeUInt32LE(value, at),
      );
      break;
    }
    case 2:
      bytes.writeUInt32LE(random.below(bytes.length), central + 42);
      break;
    case 3:
      writeEdge(bytes, bytes.length - 22 + random.below(20), random);
      break;
    default:
      bytes.writeUInt32LE((random.pick([0o120777, 0o040755, 0o010644, 0o104755]) << 16) >>> 0, central + 38);
      break;
  }
  return bytes;
}
