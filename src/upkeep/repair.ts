import type { ByteString } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheWriteError } from "../cache/cache-errors.ts";
import { withExclusiveLock, withSharedLock } from "../cache/cache-lock.ts";
import { Session } from "../cache/session.ts";
import { rereadKeys } from "../inventory/reread-keys.ts";
import { dropObjectJob } from "../objects/drop-object.ts";
import { deletePack, markDamagedBlock } from "../packs/contents/pack-directory.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { hasDamage } from "./find-damage.ts";
import { Refiller } from "./refill.ts";
import { removeDamagedKey, removeEntryKeys } from "./remove-keys.ts";
import { type Verification, type VerifyRequest, verifyCache } from "./verify.ts";

/**
 * Repairs what a verification found: sets aside what is damaged, so that it is missing; fills in what is missing from
 * good copies; removes the keys of entries that still lack something, unless a copy could not be read or made. If it
 * is stopped at any point, entries are whole, or are misses.
 * @param from where the stored trees may still be
 * @returns what is found afterwards; entries that are still damaged have lost their keys
 * @throws BtdtError
 */
export async function repairCache(
  request: VerifyRequest,
  found: Verification,
  from: ByteString | undefined,
  runtime: Runtime,
): Promise<Verification> {
  const { cache } = request;
  const session = Session.open(cache);
  runtime.runners.pool.expectLongJobs();
  try {
    let now = found;
    // What replaces something damaged may not have been read yet.
    while (await setAside(request, session, now, runtime)) {
      now = await verifyCache(request, runtime, now.contents);
    }
    const tried = new Set<string>();
    while (await refillUntried(request, session, now, from, tried, runtime)) {
      now = await verifyCache(request, runtime, now.contents);
    }
    while (!(await removeLost(cache, now, runtime))) now = await verifyCache(request, runtime, now.contents);
    return now;
  } catch (error) {
    throw cacheWriteError(cache, error);
  } finally {
    session.close();
  }
}

/**
 * Removes the keys of entries that are still damaged.
 * @returns false if something was stored under one of them in the meantime, which may have filled in what it lacked;
 *   then nothing is removed
 */
async function removeLost(
  cache: CacheDirectory,
  { entries, stock }: Verification,
  runtime: Runtime,
): Promise<boolean> {
  const lost = entries.filter(({ damage }) => hasDamage(damage));
  if (lost.length === 0) return true;
  const recordOf = new Map(stock.keys.map((record) => [record.key, record]));
  const pause = createPause(runtime.isCancelled);
  return await withExclusiveLock(cache, runtime.isCancelled, async () => {
    if (lost.some(({ entry }) => rereadKeys(cache, entry, recordOf).isReplaced)) return false;
    for (const { entry } of lost) await removeEntryKeys(cache, entry, pause);
    return true;
  });
}

/**
 * Fills in each damaged file once. What could not be read in one pass may turn out to be damaged in the next, and must
 * not count as lost before a copy has been looked for.
 * @param tried the files that were filled in, or have no good copy
 * @returns false if there was nothing new to try
 * @throws BtdtError if a copy that may be good could not be made; a `node:fs` error
 */
async function refillUntried(
  { cache }: VerifyRequest,
  session: Session,
  { entries, stock }: Verification,
  from: ByteString | undefined,
  tried: Set<string>,
  runtime: Runtime,
): Promise<boolean> {
  const refiller = new Refiller(cache, session, runtime, from, stock);
  const triedBefore = tried.size;
  for (const { damage } of entries) {
    for (const damaged of damage.files) {
      const id = `${damaged.tree.manifest} ${damaged.tree.path ?? ""} ${damaged.file}`;
      if (tried.has(id)) continue;
      tried.add(id);
      await refiller.refill(damaged);
    }
  }
  if (refiller.failure !== undefined) throw refiller.failure;
  return tried.size > triedBefore;
}

/** False if there is nothing left to set aside. @throws BtdtError CANCELLED; a `node:fs` error */
async function setAside(
  { cache, keys }: VerifyRequest,
  session: Session,
  { stock, contents }: Verification,
  runtime: Runtime,
): Promise<boolean> {
  const objects = contents.damagedObjects();
  for (const name of objects) {
    const input = { objects: cache.objects, name, aside: session.temporaryPath() };
    await withSharedLock(cache, runtime.isCancelled, () => runtime.runners.inline.run(dropObjectJob, input));
    contents.forgetObject(name);
  }
  let blockCount = 0;
  for (const { name, index, damagedBlocks } of stock.packs.packs) {
    for (let block = 0; block < index.counts.blockCount; block++) {
      if (damagedBlocks.has(block) || contents.blockState(name, block) !== "damaged") continue;
      markDamagedBlock(cache, name, block);
      blockCount += 1;
    }
  }
  const { damaged: damagedPacks } = stock.packs;
  const { damagedKeyFiles } = stock.garbage;
  const others = keys.length > 0 ? 0 : damagedPacks.length + damagedKeyFiles.length;
  if (others > 0) {
    await withExclusiveLock(cache, runtime.isCancelled, () => {
      for (const { name } of damagedPacks) deletePack(cache, session, name);
      for (const { name } of damagedKeyFiles) removeDamagedKey(cache, name);
    });
  }
  return objects.length + blockCount + others > 0;
}
