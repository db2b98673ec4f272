import { Option } from "../parser/option.ts";
import { appendKeys } from "./repeatable.ts";

/** Options that name entries. What they hold may be templates: see `fillInKeys`. */

export function defineKeysToTryOption() {
  return defineKeysOption("keys to try in this order, comma-separated; repeatable");
}

export function defineKeysToStoreOption() {
  return defineKeysOption("keys to store under, comma-separated; repeatable");
}

function defineKeysOption(description: string) {
  return new Option("-k, --keys <keys>", description)
    .env("BTDT_KEYS")
    .argParser(appendKeys)
    .makeOptionMandatory();
}

export function defineAllowEmptyHashOption() {
  return new Option("--allow-empty-hash", "accept hashFiles patterns that match no files")
    .env("BTDT_ALLOW_EMPTY_HASH")
    .default(false);
}

export function defineFallbackPrefixOption() {
  return new Option(
    "--fallback-prefix <prefix>",
    "if no key is found, restore the most recently stored key with this prefix; repeatable",
  )
    .env("BTDT_FALLBACK_PREFIX")
    .argParser(appendKeys)
    .default([] as string[]);
}
