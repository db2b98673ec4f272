import { DEFAULT_COMPRESSION, parseCompression } from "../../base/compression.ts";
import { DURABILITIES } from "../../base/durability.ts";
import { parseSizeBytes } from "../../base/size.ts";
import { STORAGES } from "../../base/storage.ts";
import type { StoreRequest } from "../../store/request.ts";
import { Option } from "../parser/option.ts";
import { parseArgument } from "./parse-argument.ts";
import { appendGlobs } from "./repeatable.ts";
import { shareGlobsOf } from "./share-options.ts";

/** Options that decide what a store takes from a source, and in which form. */

export function defineExcludeOption() {
  return new Option(
    "--exclude <glob>",
    "exclude matching files (gitignore syntax; ! re-includes); repeatable",
  )
    .env("BTDT_EXCLUDE")
    .argParser(appendGlobs)
    .default([] as string[]);
}

export function defineSkipChangedOption() {
  return new Option(
    "--skip-changed",
    "leave out files that change while they are read, even after two more tries, with a warning",
  )
    .env("BTDT_SKIP_CHANGED")
    .default(false);
}

export function defineSkipUnreadableOption() {
  return new Option(
    "--skip-unreadable",
    "leave out files and directories that cannot be read, with a warning",
  )
    .env("BTDT_SKIP_UNREADABLE")
    .default(false);
}

export function defineIgnoreMtimeOption() {
  return new Option("--ignore-mtime", "share files that differ only in modification time")
    .env("BTDT_IGNORE_MTIME")
    .default(false);
}

export function defineStorageOption() {
  return new Option(
    "--storage <kind>",
    "store linkable objects or compressed packs; auto: objects if the source can be linked or reflinked, else packs",
  )
    .env("BTDT_STORAGE")
    .choices(STORAGES)
    .default("auto" as const);
}

export function defineDurabilityOption() {
  return new Option(
    "--durability <level>",
    "flush: finish when the entry is on disk; none: leave writing to the kernel, a power cut may cost the entry",
  )
    .env("BTDT_DURABILITY")
    .choices(DURABILITIES)
    .default("flush" as const);
}

export function defineCompressionOption() {
  return new Option("--compression <codec>", "codec for packs: zstd[:LEVEL], deflate[:LEVEL] or none")
    .env("BTDT_COMPRESSION")
    .argParser((value: string) => parseArgument(value, parseCompression))
    .default(DEFAULT_COMPRESSION, "zstd");
}

export function defineMaxSizeOption() {
  return new Option(
    "--max-size <size>",
    "keep the cache below this size, e.g. 10GiB: evict the least recently used entries",
  )
    .env("BTDT_MAX_SIZE")
    .argParser((text: string) => parseArgument(text, parseSizeBytes));
}

export function definePinOption() {
  return new Option("--pin", "pin the keys: no clean and no --max-size evicts the entry (see btdt pin)")
    .env("BTDT_PIN")
    .default(false);
}

type StoreSettings = Omit<StoreRequest, "cache" | "keys" | "sources">;

/** What the options of `store` and `run` say about the store. */
export function storeSettingsOf(
  options: Pick<StoreSettings, "ignoreMtime" | "storage" | "compression" | "durability"> &
    Parameters<typeof shareGlobsOf>[0] & {
      readonly pin: boolean;
      readonly exclude: readonly string[];
      readonly skipChanged: boolean;
      readonly skipUnreadable: boolean;
      readonly link: StoreSettings["linkMode"];
    },
): StoreSettings {
  const { exclude, ignoreMtime, link, storage, compression, durability, pin } = options;
  return {
    excludePatterns: exclude,
    ignoreMtime,
    skip: { skipChanged: options.skipChanged, skipUnreadable: options.skipUnreadable },
    linkMode: link,
    globs: shareGlobsOf(options),
    storage,
    compression,
    durability,
    pin,
  };
}
