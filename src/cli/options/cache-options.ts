import { Option } from "../parser/option.ts";

/** Options that say which cache a command works on. */

export function defineCacheOption() {
  return new Option(
    "-c, --cache <cache>",
    "cache: a directory, s3://BUCKET[/PREFIX] or gs://BUCKET[/PREFIX]; must exist",
  )
    .env("BTDT_CACHE")
    .makeOptionMandatory();
}

/** Of commands that work on directories only. */
export function defineCacheDirectoryOption() {
  return new Option("-c, --cache <dir>", "cache directory; must exist")
    .env("BTDT_CACHE")
    .makeOptionMandatory();
}

export function defineCreateCacheOption() {
  return new Option("--create-cache", "create the cache directory if it does not exist")
    .env("BTDT_CREATE_CACHE")
    .default(false);
}

export function defineReadAlsoOption() {
  return new Option(
    "--read-also <cache>",
    "also look for each key in this cache, after the first one; it is never written to, and not being able to use it is only a warning",
  ).env("BTDT_READ_ALSO");
}

export function defineLocalCacheOption() {
  return new Option(
    "--local-cache <dir>",
    "cache directory on a fast local disk in front of the cache: what it has is not fetched again, and what is fetched or stored is kept there",
  ).env("BTDT_LOCAL_CACHE");
}
