import { BtdtError } from "../base/errors.ts";
import { readSizeNote } from "../cache/size-note.ts";
import { measureSources } from "../store/measure-sources.ts";
import type { StoreRequest, StoreResult } from "../store/request.ts";
import { storeEntry } from "../store/store.ts";
import { cleanCache } from "../upkeep/clean.ts";
import type { CleanResult } from "../upkeep/clean-result.ts";
import { isDiskFull } from "../upkeep/full-volume.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import type { CommandContext } from "./command-context.ts";
import { type CleanWithin, keepBelow, reportEvictions } from "./keep-below.ts";

export interface StoredWithin extends StoreResult {
  /** The entries that had to make room; undefined if nothing had to. */
  readonly evicted?: CleanResult["removed"];
}

/**
 * Stores an entry, and keeps the cache below a size: afterwards, if it may have grown beyond that; and before a second
 * attempt if its volume is full.
 * @param maxSizeBytes undefined for no limit
 * @throws BtdtError as `storeEntry`
 */
export async function storeWithin(
  request: StoreRequest,
  maxSizeBytes: number | undefined,
  context: CommandContext,
): Promise<StoredWithin> {
  if (maxSizeBytes === undefined) return await storeEntry(request, context.runtime);
  const made = await storeMakingRoom(request, maxSizeBytes, context);
  const noted = readSizeNote(request.cache);
  if (noted !== undefined && noted <= maxSizeBytes) return made;
  const evicted = await keepBelow(maxSizeBytes, request.keys, cleanOf(request, context.runtime), context);
  return { ...made, evicted: [...(made.evicted ?? []), ...evicted] };
}

async function storeMakingRoom(
  request: StoreRequest,
  maxSizeBytes: number,
  context: CommandContext,
): Promise<StoredWithin> {
  const { runtime } = context;
  try {
    return await storeEntry(request, runtime);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    const freedBytes = await measureSources(request, createPause(runtime.isCancelled));
    const cleaned = await cleanOf(request, runtime)({ maxSizeBytes, freedBytes });
    reportEvictions(cleaned, context);
    if (cleaned.removed.length === 0) throw error;
    try {
      return { ...(await storeEntry(request, runtime)), evicted: cleaned.removed };
    } catch (again) {
      throw isDiskFull(again) && again instanceof BtdtError ? stillFull(again) : again;
    }
  }
}

function cleanOf({ cache }: StoreRequest, runtime: Runtime): CleanWithin {
  return (limits) =>
    cleanCache({ cache, maxAgeMs: undefined, ...limits, dryRun: false, isSizeNoted: true }, runtime);
}

function stillFull({ code, message, path, cause }: BtdtError): BtdtError {
  return new BtdtError(code, message, {
    ...(path === undefined ? {} : { path }),
    hint: "entries were evicted to make room, but not enough could be freed: enlarge the volume",
    cause,
  });
}
