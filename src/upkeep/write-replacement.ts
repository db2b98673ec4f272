import type { CacheDirectory } from "../cache/cache-directory.ts";
import { cacheWriteError } from "../cache/cache-errors.ts";
import type { Session } from "../cache/session.ts";
import type { PackContents } from "../packs/contents/pack-contents.ts";
import { markDamagedBlock } from "../packs/contents/pack-directory.ts";
import { type LiveItems, type RewrittenPacks, rewritePacks } from "../packs/rewrite/rewrite-packs.ts";
import type { FinishedPack } from "../packs/write/pack-writer.ts";
import type { Runtime } from "../work/runtime.ts";
import type { Replacement } from "./replace-packs.ts";

/**
 * Writes what is needed from some packs into a new one, in the session's directory and without the lock, because it
 * takes time. The caller closes its writer. Returns undefined if there is nothing to replace them with.
 * @throws BtdtError
 */
export async function writeReplacement(
  cache: CacheDirectory,
  session: Session,
  packs: PackContents,
  rewritten: readonly LiveItems[],
  runtime: Runtime,
): Promise<Replacement | undefined> {
  const bytes = neededBytes(packs, rewritten);
  runtime.progress.begin({ name: "rewriting packs", unit: "bytes", bytes });
  try {
    const result = await rewritePacks(cache, session, packs, rewritten, runtime.runners.pool);
    const { writer } = result;
    let finished: FinishedPack | undefined;
    try {
      noteProblems(cache, result, runtime);
      finished = runtime.isCancelled() ? undefined : writer.finish(() => true);
    } finally {
      if (finished === undefined) writer.close();
    }
    if (finished === undefined) return undefined;
    return { writer, finished, replacedNames: new Set(rewritten.map(({ name }) => name)) };
  } catch (error) {
    throw cacheWriteError(cache, error);
  }
}

/** The affected packs stay; contents of a damaged block count as missing from now on. @throws a `node:fs` error */
function noteProblems(
  cache: CacheDirectory,
  { damagedBlocks, incompletePacks }: RewrittenPacks,
  runtime: Runtime,
): void {
  for (const { pack, block } of damagedBlocks) {
    runtime.onWarning(`block ${block} of pack ${pack} is damaged`);
    markDamagedBlock(cache, pack, block);
  }
  for (const pack of incompletePacks) runtime.onWarning(`pack ${pack} could not be read, and is kept`);
}

function neededBytes(packs: PackContents, rewritten: readonly LiveItems[]): number {
  let bytes = 0;
  for (const { pack, contents } of rewritten) {
    const sizes = packs.packs[pack]?.index.contentSizes;
    for (const content of contents) bytes += sizes?.[content] ?? 0;
  }
  return bytes;
}
