import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { storeEntry } from "../../src/store/store.ts";
import { cleanCache } from "../../src/upkeep/clean.ts";
import { InlineRunner } from "../../src/work/inline-runner.ts";
import type { Job } from "../../src/work/job.ts";
import type { Runtime } from "../../src/work/runtime.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { randomBytes } from "../support/large-trees.ts";
import { Scratch } from "../support/scratch.ts";
import { STORE_SETTINGS } from "../support/store-settings.ts";

const scratch = Scratch.use();
const CHUNK_BYTES = 4 * 1024 * 1024;

/** Does something before each job. */
class WatchedRunner extends InlineRunner {
  readonly #before: () => Promise<void>;

  constructor(before: () => Promise<void>) {
    super({ isCancelled: () => false });
    this.#before = before;
  }

  override async run<Input, Output>(job: Job<Input, Output>, input: Input): Promise<Output> {
    await this.#before();
    return await super.run(job, input);
  }
}

async function store(cache: CacheDirectory, key: string, source: string, runtime: Runtime): Promise<void> {
  const request = {
    cache,
    keys: [key] as const,
    sources: [source] as const,
    ...STORE_SETTINGS,
    storage: "packs" as const,
  };
  await storeEntry(request, runtime);
}

const clean = (cache: CacheDirectory) =>
  cleanCache({ cache, dryRun: false, maxAgeMs: undefined, maxSizeBytes: undefined }, inlineRuntime());

test("a clean that rewrites the pack of a store, which has to read a chunk again, takes nothing that it needs", async () => {
  const cache = CacheDirectory.open(scratch.directory("cache"));
  const [held, added] = [randomBytes("held", CHUNK_BYTES), randomBytes("added", CHUNK_BYTES)];
  const [first, second] = [scratch.directory("first"), scratch.directory("second")];
  writeFileSync(join(first, "large"), Buffer.concat([held, Buffer.from("end")]));
  writeFileSync(join(second, "large"), Buffer.concat([held, added]));
  writeFileSync(join(second, "small"), "keeps the pack from being removed as a whole");
  await store(cache, "first", first, inlineRuntime());

  const moments = ["the source is read", "what is missing is read again"];
  const runner = new WatchedRunner(async () => {
    const isPublished = readdirSync(cache.packs).length > 0;
    if (moments.length === 2) {
      moments.shift();
      // As a clean would, once nothing needs it.
      rmSync(cache.packs, { recursive: true });
      mkdirSync(cache.packs);
    } else if (moments.length === 1 && isPublished) {
      moments.shift();
      expect((await clean(cache)).removed.map(({ keys }) => keys)).toEqual([["first"]]);
    }
  });
  await store(cache, "second", second, { ...inlineRuntime(), runners: { inline: runner, pool: runner } });
  expect(moments).toEqual([]);
  expect(await clean(cache)).toMatchObject({ removed: [], kept: { entryCount: 1 } });
});
