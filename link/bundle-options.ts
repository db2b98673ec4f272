import { leanParser } from "./lean-parser.ts";
import { loadInStages } from "./load-in-stages.ts";

const PLAIN_OPTIONS = { target: "bun", format: "esm" } as const satisfies Partial<Bun.BuildConfig>;

/**
 * What decides which code a command loads. Smaller pieces are not merged with larger ones (`minChunkSize`): the larger
 * one would also load what the smaller one needs of the runtime.
 * @param entrypoints relative to `root`, which is the working directory
 */
export async function decideBundling(root: string, entrypoints: readonly string[]) {
  const plain = await Bun.build({ ...PLAIN_OPTIONS, entrypoints: [...entrypoints], root, metafile: true });
  return {
    ...PLAIN_OPTIONS,
    // A command loads only the code it needs.
    splitting: true,
    plugins: [leanParser, loadInStages(plain.metafile?.inputs ?? {}, root)],
  } as const satisfies Partial<Bun.BuildConfig>;
}
