import { afterAll, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { ShardScanner } from "../../src/inventory/shard-scanner.ts";
import { listObjectsInShard, type StoredObject } from "../../src/objects/list-objects.ts";
import { formatObjectName } from "../../src/objects/object-name.ts";
import type { ScannedObject } from "../../src/objects/scan-shard.ts";
import { InlineRunner } from "../../src/work/inline-runner.ts";
import { CountingPool } from "../support/counting-pool.ts";
import { rejection } from "../support/rejection.ts";
import { Scratch } from "../support/scratch.ts";
import { UNCANCELLED } from "../support/uncancelled.ts";

const scratch = Scratch.use();
const SHARDS = Array.from({ length: 256 }, (_, shard) => shard.toString(16).padStart(2, "0"));
/** So many in the first shard promise enough in all to be worth threads. */
const MANY = 220;

const pool = new CountingPool();
afterAll(() => pool.close());

function addObject(shard: string, index: number): void {
  const name = formatObjectName({
    digestHex: shard + index.toString(16).padStart(62, "a"),
    permissions: index % 2 === 0 ? 0o644 : 0o755,
    mtimeSeconds: index % 3 === 0 ? -index - 1 : 2 ** 33 + index,
    mtimeNanoseconds: 0,
    isExclusive: index % 5 === 0,
  });
  const path = join(scratch.path("objects"), shard, name);
  writeFileSync(path, "x".repeat(index % 50), { mode: index % 7 === 0 ? 0o600 : 0o644 });
  utimesSync(path, 1_000_000_000 + index, 1_000_000_000);
}

/** @param counts of objects, by shard; others have two */
function makeObjects(counts: Readonly<Record<string, number>>): void {
  scratch.directory("objects");
  for (const shard of SHARDS) {
    mkdirSync(join(scratch.path("objects"), shard), { recursive: true });
    for (let index = 0; index < (counts[shard] ?? 2); index++) addObject(shard, index);
  }
}

function describeScanned({ digests, changedSeconds, ...object }: Readonly<ScannedObject>): StoredObject {
  const digestHex = Buffer.from(digests.slice().buffer).toString("hex");
  const { isExclusive, permissions, mtimeSeconds, mtimeNanoseconds, ...facts } = object;
  const name = formatObjectName({ digestHex, isExclusive, permissions, mtimeSeconds, mtimeNanoseconds });
  return { name, changedMs: changedSeconds * 1000, condition: undefined, ...facts };
}

async function scanAll(scanner: ShardScanner): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for (const shard of SHARDS) {
    expect(await scanner.scan(shard, (object) => found.push(describeScanned(object)))).toBe(true);
  }
  return found;
}

const byName = (left: { name: string }, right: { name: string }): number => (left.name < right.name ? -1 : 1);

test("with many objects, threads find what a listing finds", async () => {
  // More than there is room for in one result, which the others do not need.
  makeObjects({ "00": MANY, "2a": 2 * MANY, "7f": 0, ff: MANY });
  const objects = bytesFromText(scratch.path("objects"));
  const before = pool.jobCount;
  const found = await scanAll(new ShardScanner(objects, SHARDS, pool));
  expect(pool.jobCount - before).toBe(255);
  const listed = SHARDS.flatMap((shard) => listObjectsInShard(objects, shard));
  expect(listed).toHaveLength(4 * MANY + 252 * 2);
  expect(found.toSorted(byName)).toEqual(listed.toSorted(byName));
});

test("few objects are not worth a thread, nor are threads if there is only one", async () => {
  makeObjects({});
  const objects = bytesFromText(scratch.path("objects"));
  const before = pool.jobCount;
  expect(await scanAll(new ShardScanner(objects, SHARDS, pool))).toHaveLength(512);
  for (let index = 2; index < MANY; index++) addObject("00", index);
  const alone = new ShardScanner(objects, SHARDS, new InlineRunner(UNCANCELLED));
  expect(await scanAll(alone)).toHaveLength(510 + MANY);
  expect(pool.jobCount).toBe(before);
});

test("what is wrong with a shard is said when that shard is asked for, and others are scanned", async () => {
  makeObjects({ "00": MANY });
  const objects = bytesFromText(scratch.path("objects"));
  const shards = SHARDS.map((shard) => (shard === "03" ? "link" : shard));
  symlinkSync("00", join(scratch.path("objects"), "link"));
  const scanner = new ShardScanner(objects, shards, pool);
  const counts = new Map<string, number>();
  for (const shard of shards) {
    let count = 0;
    const scan = scanner.scan(shard, () => {
      count += 1;
    });
    if (shard === "link") expect(await rejection(scan)).toMatchObject({ code: "CACHE_NOT_ACCESSIBLE" });
    else expect(await scan).toBe(true);
    counts.set(shard, count);
  }
  expect([counts.get("02"), counts.get("link"), counts.get("ff")]).toEqual([2, 0, 2]);
});
