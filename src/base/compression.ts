import { BtdtError } from "./errors.ts";

/**
 * How the blocks of a pack are compressed. `zstd` is native; `deflate` is pure TypeScript, and readable by every
 * other program; `none` is for contents that are already compressed.
 */
export type Codec = "zstd" | "deflate" | "none";

export interface Compression {
  readonly codec: Codec;
  readonly level: number;
}

const LEVELS: Readonly<
  Record<Codec, { readonly least: number; readonly most: number; readonly default: number }>
> = {
  zstd: { least: 1, most: 19, default: 3 },
  deflate: { least: 1, most: 9, default: 6 },
  none: { least: 0, most: 0, default: 0 },
};

export const DEFAULT_COMPRESSION: Compression = { codec: "zstd", level: LEVELS.zstd.default };

/**
 * Reads `zstd`, `zstd:9`, `deflate`, `deflate:1` or `none`.
 * @throws BtdtError USAGE
 */
export function parseCompression(text: string): Compression {
  const [, name, level] = /^(zstd|deflate|none)(?::(\d{1,2}))?$/.exec(text) ?? [];
  if (name !== undefined) {
    const codec = name as Codec;
    const range = LEVELS[codec];
    if (level === undefined) return { codec, level: range.default };
    const number = Number(level);
    if (number >= range.least && number <= range.most && codec !== "none") return { codec, level: number };
  }
  throw new BtdtError("USAGE", `invalid compression "${text}"`, {
    hint: "use zstd, zstd:1 to zstd:19, deflate, deflate:1 to deflate:9, or none",
  });
}
