import { expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { listObjectsInShard } from "../../src/objects/list-objects.ts";
import { formatObjectName, parseObjectName } from "../../src/objects/object-name.ts";
import { parseNameBytes } from "../../src/objects/parse-name-bytes.ts";
import { type ScannedObject, scanShard } from "../../src/objects/scan-shard.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const DIGEST = "ab".repeat(32);

/** What `parseObjectName` says, from the bytes of the name somewhere in memory. */
function parseBytes(name: string): ReturnType<typeof parseObjectName> {
  const bytes = Buffer.from(`x${name}\0-x`, "latin1");
  const digests = new Int32Array(8);
  const into = { digests, permissions: 0, mtimeSeconds: 0, mtimeNanoseconds: 0, isExclusive: false };
  if (!parseNameBytes(bytes, 1, into)) return undefined;
  const { digests: _, ...others } = into;
  return { digestHex: Buffer.from(digests.buffer).toString("hex"), ...others };
}

const names = fc
  .record({
    digestHex: fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => Buffer.from(bytes).toString("hex")),
    permissions: fc.nat({ max: 0o777 }),
    mtimeSeconds: fc.oneof(fc.maxSafeInteger(), fc.integer()),
    mtimeNanoseconds: fc.nat({ max: 999_999_999 }),
    isExclusive: fc.boolean(),
  })
  .map(formatObjectName);

/** A name in which some characters are others, missing or doubled. */
const almostNames = fc
  .tuple(
    names,
    fc.nat(90),
    fc.nat(2),
    fc.string({ unit: fc.constantFrom(..."0189afxAF-.é".split("")), maxLength: 2 }),
  )
  .map(([name, at, cut, inserted]) => name.slice(0, at) + inserted + name.slice(at + cut));

test("names are read from bytes as they are from text", () => {
  fc.assert(
    fc.property(fc.oneof(names, almostNames), (name) => {
      expect(parseBytes(name)).toEqual(parseObjectName(name));
    }),
    { numRuns: 3000 },
  );
  const digits = fc.string({ unit: fc.constantFrom("0", "1", "7", "9", "-", "."), maxLength: 22 });
  fc.assert(
    fc.property(digits, digits, (permissions, mtime) => {
      const name = `${DIGEST}-${permissions}-${mtime}`;
      expect(parseBytes(name)).toEqual(parseObjectName(name));
    }),
    { numRuns: 3000 },
  );
  for (const seconds of [
    "9007199254740991",
    "9007199254740992",
    "-9007199254740991",
    "99999999999999999",
    "-0",
  ]) {
    const name = `${DIGEST}-644-${seconds}.000000000`;
    expect(parseBytes(name)).toEqual(parseObjectName(name));
  }
});

test("a scan finds what a listing finds", () => {
  const objects = scratch.directory("objects");
  const shard = scratch.directory("objects", "ab");
  for (let index = 0; index < 2000; index++) {
    const isExclusive = index % 7 === 0;
    const mtimeSeconds = 1_000_000_000 + index;
    const name = formatObjectName({
      digestHex: DIGEST,
      permissions: 0o644,
      mtimeSeconds,
      mtimeNanoseconds: 0,
      isExclusive,
    });
    const path = join(shard, name);
    writeFileSync(path, "x".repeat(index % 50));
    chmodSync(path, index % 11 === 0 ? 0o600 : 0o644);
    utimesSync(path, mtimeSeconds + (index % 13 === 0 ? 5 : 0), mtimeSeconds + (index % 13 === 0 ? 5 : 0));
  }
  const nameAt = (seconds: number) => `${DIGEST}-644-${seconds}.000000000`;
  mkdirSync(join(shard, nameAt(1)));
  symlinkSync("nowhere", join(shard, nameAt(2)));
  writeFileSync(join(shard, nameAt(3).replace(/^ab/, "cd")), "in the wrong shard");
  for (const name of ["README", `${DIGEST}-644`, `.${nameAt(4)}`]) writeFileSync(join(shard, name), "");
  writeFileSync(join(shard, nameAt(5)), "");
  truncateSync(join(shard, nameAt(5)), 5 * 1024 ** 3);
  expect(readdirSync(shard)).toHaveLength(2007);

  const root = bytesFromText(objects);
  const scanned: string[] = [];
  const isScanned = scanShard(root, "ab", (object) => scanned.push(describeScanned(object)));
  expect(isScanned).toBe(true);
  const listed = listObjectsInShard(root, "ab").map(({ name, changedMs, ...others }) =>
    JSON.stringify({ name, changedSeconds: changedMs / 1000, ...others }, KEYS),
  );
  expect(listed).toHaveLength(2003);
  expect(scanned.toSorted()).toEqual(listed.toSorted());
});

const KEYS = ["name", "isFile", "sizeBytes", "isNewer", "allocatedBytes", "changedSeconds", "isAsNamed"];

function describeScanned({ digests, ...object }: Readonly<ScannedObject>): string {
  const digestHex = Buffer.from(digests.buffer).toString("hex");
  return JSON.stringify({ name: formatObjectName({ digestHex, ...object }), ...object }, KEYS);
}

test("a shard that is missing, a file or a symlink has no objects", () => {
  const objects = scratch.directory("objects");
  const root = bytesFromText(objects);
  const visit = () => expect.unreachable();
  expect(scanShard(root, "00", visit)).toBe(true);
  writeFileSync(join(objects, "01"), "");
  expect(scanShard(root, "01", visit)).toBe(true);
  symlinkSync(objects, join(objects, "02"));
  expect(() => scanShard(root, "02", visit)).toThrow("is a symlink");
});
