import type { CacheDirectory } from "../cache/cache-directory.ts";
import { type EntrySource, openDirectorySource } from "../restore/entry-source.ts";
import type { RestoreRequest, RestoreResult } from "../restore/request.ts";
import { restoreEntry } from "../restore/restore.ts";
import type { Runtime } from "../work/runtime.ts";
import type { CommandContext } from "./command-context.ts";
import type { OpenedCache } from "./open-addressed-cache.ts";
import { type CachesToRead, openCachesToRead } from "./open-caches.ts";
import { openLocalCache } from "./open-local-cache.ts";
import type { AddressedCache } from "./options/bucket-options.ts";
import { shareGlobsOf } from "./options/share-options.ts";

/** What the options of `restore` and `run` say about a restore. */
interface RestoreOptions extends AddressedCache {
  readonly readAlso?: string | undefined;
  readonly link: RestoreRequest["linkMode"];
  readonly share: readonly string[];
  readonly noShare: readonly string[];
  readonly exact: boolean;
  readonly verify: boolean;
}

interface RestoredFromCaches {
  readonly caches: CachesToRead;
  /** The local cache in front of the first one. */
  readonly near: CacheDirectory | undefined;
  readonly restored: RestoreResult;
}

/**
 * Opens the caches that the options name, and restores from them.
 * @throws BtdtError as `openCachesToRead`, `openLocalCache`, `restoreEntry` and `ObjectStore`
 */
export async function restoreFromCaches(
  options: RestoreOptions,
  wanted: Pick<RestoreRequest, "keys" | "fallbackPrefixes" | "places" | "explainRefusal">,
  context: CommandContext,
): Promise<RestoredFromCaches> {
  const caches = await openCachesToRead(options, context);
  const near = openLocalCache(options, caches[0], context);
  const { link, exact, verify } = options;
  const request = { ...wanted, linkMode: link, globs: shareGlobsOf(options), exact, verify };
  return { caches, near, restored: await restoreFromAll(caches, near, request, context.runtime) };
}

async function restoreFromAll(
  [first, ...others]: CachesToRead,
  near: CacheDirectory | undefined,
  request: RestoreRequest,
  runtime: Runtime,
): Promise<RestoreResult> {
  const open = (cache: OpenedCache): EntrySource => openSource(cache, request.keys, runtime);
  if (near === undefined) return await restoreEntry(request, [open(first), ...others.map(open)], runtime);
  const { NearSource } = await import("../near/near-source.ts");
  const source = new NearSource(near, open(first), request.globs, runtime);
  const restored = await restoreEntry(request, [source, source.openDirect(), ...others.map(open)], runtime);
  // Nobody knows whether the far cache has it: that is not a miss.
  if (restored.outcome === "miss" && source.outage !== undefined) throw source.outage;
  return restored;
}

function openSource(cache: OpenedCache, keys: readonly string[], runtime: Runtime): EntrySource {
  switch (cache.kind) {
    case "directory":
      return openDirectorySource(cache.directory, runtime);
    case "bucket":
      return cache.bucket.openSource(keys);
  }
}
