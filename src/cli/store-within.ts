import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { formatSize } from "../base/size.ts";
import { readSizeNote } from "../cache/size-note.ts";
import { measureSources } from "../store/measure-sources.ts";
import type { StoreRequest, StoreResult } from "../store/request.ts";
import { storeEntry } from "../store/store.ts";
import { cleanCache } from "../upkeep/clean.ts";
import type { CleanResult } from "../upkeep/clean-result.ts";
import { isDiskFull } from "../upkeep/full-volume.ts";
import { createPause } from "../work/breather.ts";
import type { CommandContext } from "./command-context.ts";
import { formatCount } from "./describe.ts";

/** So that there is room for some stores before the next one has to take stock of the whole cache. */
const TARGET_RATIO = 0.9;

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
  const evicted = await keepBelow(request, maxSizeBytes, context);
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
    const cleaned = await evict(request, { maxSizeBytes, freedBytes }, context);
    if (cleaned.removed.length === 0) throw error;
    try {
      return { ...(await storeEntry(request, runtime)), evicted: cleaned.removed };
    } catch (again) {
      throw isDiskFull(again) && again instanceof BtdtError ? stillFull(again) : again;
    }
  }
}

/** The entry is stored: whatever happens now is no failure of that. */
async function keepBelow(
  request: StoreRequest,
  maxSizeBytes: number,
  context: CommandContext,
): Promise<CleanResult["removed"]> {
  const { runtime } = context;
  try {
    const targetSizeBytes = Math.floor(maxSizeBytes * TARGET_RATIO);
    const limits = { maxSizeBytes, targetSizeBytes, sparedKeys: new Set<string>(request.keys) };
    const { removed, kept } = await evict(request, limits, context);
    if (kept.bytes > maxSizeBytes) {
      runtime.onWarning(
        `the cache takes ${formatSize(kept.bytes)}, more than ${formatSize(maxSizeBytes)}: nothing else can be evicted`,
      );
    }
    return removed;
  } catch (error) {
    if (!(error instanceof BtdtError) || error.code === "CANCELLED") throw error;
    runtime.onWarning(`the cache was not kept below ${formatSize(maxSizeBytes)}: ${error.message}`);
    return [];
  }
}

async function evict(
  { cache }: StoreRequest,
  limits: {
    readonly maxSizeBytes: number;
    readonly targetSizeBytes?: number;
    readonly freedBytes?: number;
    readonly sparedKeys?: ReadonlySet<string>;
  },
  { output, runtime }: CommandContext,
): Promise<CleanResult> {
  const cleaned = await cleanCache(
    { cache, maxAgeMs: undefined, ...limits, dryRun: false, isSizeNoted: true },
    runtime,
  );
  const { removed } = cleaned;
  if (removed.length > 0) {
    const freed = formatSize(removed.reduce((sum, entry) => sum + entry.freedBytes, 0));
    output.note(`evicted ${formatCount(removed.length, "entry", "entries")} to make room: frees ${freed}`);
    for (const { keys } of removed) output.noteDetail(`evicted ${keys.map(escapeControls).join(", ")}`);
  }
  return cleaned;
}

function stillFull({ code, message, path, cause }: BtdtError): BtdtError {
  return new BtdtError(code, message, {
    ...(path === undefined ? {} : { path }),
    hint: "entries were evicted to make room, but not enough could be freed: enlarge the volume",
    cause,
  });
}
