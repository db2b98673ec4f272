import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { DEFAULT_COMPRESSION, parseCompression } from "../base/compression.ts";
import { parseDurationMs } from "../base/duration.ts";
import { BtdtError } from "../base/errors.ts";
import { parseSizeBytes } from "../base/size.ts";
import { STORAGES } from "../base/storage.ts";
import { LINK_MODES } from "../fs/place-file.ts";

/** Options that several commands share. */

export function cacheOption() {
  return new Option("-c, --cache <dir>", "the cache directory; it must exist")
    .env("BTDT_CACHE")
    .makeOptionMandatory();
}

export function createCacheOption() {
  return new Option("--create-cache", "make the cache directory if it does not exist").default(false);
}

export function keysOption(description: string) {
  return new Option("-k, --keys <keys>", description)
    .env("BTDT_KEYS")
    .argParser((value: string, previous: string[] | undefined) => [...(previous ?? []), value])
    .makeOptionMandatory();
}

export function allowEmptyHashOption() {
  return new Option("--allow-empty-hash", "let hashFiles in a key match no file").default(false);
}

export function fallbackPrefixOption() {
  return new Option(
    "--fallback-prefix <prefix>",
    "after all keys, try those that begin like this, stored last first; repeatable",
  )
    .env("BTDT_FALLBACK_PREFIX")
    .argParser(collect)
    .default([] as string[]);
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
    "leave out what matches, in gitignore syntax, ! brings back; repeatable",
  )
    .argParser(collect)
    .default([] as string[]);
}

export function resultFileOption() {
  return new Option("--result-file <path>", "write hit, fallback or miss to this file").env(
    "BTDT_RESULT_FILE",
  );
}

export function storageOption() {
  return new Option(
    "--storage <kind>",
    "objects can be linked, packs are compressed: auto is objects for a source on the cache's file system, else packs",
  )
    .choices(STORAGES)
    .default("auto" as const);
}

export function compressionOption() {
  return new Option("--compression <codec>", "of packs: zstd[:LEVEL], deflate[:LEVEL] or none")
    .argParser((value: string) => parsed(() => parseCompression(value)))
    .default(DEFAULT_COMPRESSION, "zstd");
}

/** Adds up a repeatable option. */
function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
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
