import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { StoreRequest } from "../store/request.ts";
import { attempt } from "./attempt.ts";
import type { CommandContext } from "./command-context.ts";
import { describeStored, startStopwatch } from "./describe.ts";
import { summarizeError } from "./explain-failure.ts";
import type { CachesToRead } from "./open-caches.ts";
import { storeInCache } from "./store-in-cache.ts";

/** The command has succeeded: if its results cannot be stored, its exit status stands, and the next run tries again. */
export async function keepResults(
  { caches, near }: { readonly caches: CachesToRead; readonly near: CacheDirectory | undefined },
  request: Omit<StoreRequest, "cache">,
  maxSizeBytes: number | undefined,
  context: CommandContext,
): Promise<void> {
  const { output } = context;
  const readStopwatch = startStopwatch();
  const attempted = await attempt(true, () => storeInCache(caches[0], near, request, maxSizeBytes, context));
  if (attempted.kind === "failed") {
    output.warn(`nothing was stored: ${summarizeError(attempted.error)}`);
    return;
  }
  output.note(`stored ${describeStored(attempted.result, request.keys, readStopwatch())}`);
}
