import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { DEFAULT_COMPRESSION, parseCompression } from "../../base/compression.ts";
import { parseDurationMs } from "../../base/duration.ts";
import { BtdtError } from "../../base/errors.ts";
import { parseSizeBytes } from "../../base/size.ts";
import { STORAGES } from "../../base/storage.ts";
import { LINK_MODES } from "../../fs/place-file.ts";
import { collect } from "./repeatable.ts";

/** Options that several commands share. Their variables are BTDT and their names; see `completesOptions`. */

export function cacheOption() {
  return new Option("-c, --cache <dir>", "cache directory; must exist")
    .env("BTDT_CACHE")
    .makeOptionMandatory();
}

export function createCacheOption() {
  return new Option("--create-cache", "create the cache directory if it does not exist")
    .env("BTDT_CREATE_CACHE")
    .default(false);
}

export function keysOption(description: string) {
  return new Option("-k, --keys <keys>", description)
    .env("BTDT_KEYS")
    .argParser(collect)
    .makeOptionMandatory();
}

export function allowEmptyHashOption() {
  return new Option("--allow-empty-hash", "accept hashFiles patterns that match no files")
    .env("BTDT_ALLOW_EMPTY_HASH")
    .default(false);
}

export function fallbackPrefixOption() {
  return new Option(
    "--fallback-prefix <prefix>",
    "if no key is found, restore the most recently stored key with this prefix; repeatable",
  )
    .env("BTDT_FALLBACK_PREFIX")
    .argParser(collect)
    .default([] as string[]);
}

/** @param place what the command calls it */
export function exactOption(place: string) {
  return new Option("--exact", `delete files from ${place} that are not in the entry`)
    .env("BTDT_EXACT")
    .default(false);
}

export function linkOption(description: string) {
  return new Option("--link <mode>", description)
    .env("BTDT_LINK")
    .choices(LINK_MODES)
    .default("auto" as const);
}

export function excludeOption() {
  return new Option(
    "--exclude <glob>",
    "exclude matching files (gitignore syntax; ! re-includes); repeatable",
  )
    .env("BTDT_EXCLUDE")
    .argParser(collect)
    .default([] as string[]);
}

export function resultFileOption() {
  return new Option("--result-file <path>", "write the outcome (hit, fallback or miss) to this file").env(
    "BTDT_RESULT_FILE",
  );
}

export function storageOption() {
  return new Option(
    "--storage <kind>",
    "store linkable objects or compressed packs; auto: objects if the source is on the cache's file system, else packs",
  )
    .env("BTDT_STORAGE")
    .choices(STORAGES)
    .default("auto" as const);
}

export function compressionOption() {
  return new Option("--compression <codec>", "codec for packs: zstd[:LEVEL], deflate[:LEVEL] or none")
    .env("BTDT_COMPRESSION")
    .argParser((value: string) => parsed(() => parseCompression(value)))
    .default(DEFAULT_COMPRESSION, "zstd");
}

export function ignoreMtimeOption() {
  return new Option("--ignore-mtime", "share files that differ only in modification time")
    .env("BTDT_IGNORE_MTIME")
    .default(false);
}

export const sizeArgument = (value: string): number => parsed(() => parseSizeBytes(value));
export const durationArgument = (value: string): number => parsed(() => parseDurationMs(value));

/** Lets the option parser say which option was wrong, and us say what would be right. */
function parsed<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (error instanceof BtdtError) throw new InvalidArgumentError(`${error.message}; ${error.hint ?? ""}`);
    throw error;
  }
}
