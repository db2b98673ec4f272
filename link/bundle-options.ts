import { leanParser } from "./lean-parser.ts";

/**
 * Smaller parts of the program are merged with what needs them, unless that would run code that is not needed. Each
 * part takes time to load: compared to parts of any size, a start takes an eighth less. Above this, nothing more is saved.
 */
const SMALLEST_CHUNK_BYTES = 64 * 1024;

/** What decides which code a command loads. */
export const BUNDLE_OPTIONS = {
  target: "bun",
  format: "esm",
  // A command loads only the code it needs.
  splitting: true,
  minChunkSize: SMALLEST_CHUNK_BYTES,
  plugins: [leanParser],
} as const satisfies Partial<Bun.BuildConfig>;
