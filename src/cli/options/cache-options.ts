import { Option } from "@commander-js/extra-typings";

/** Options that say which cache a command works on. */

export function defineCacheOption() {
  return new Option(
    "-c, --cache <cache>",
    "cache: a directory, s3://BUCKET[/PREFIX] or gs://BUCKET[/PREFIX]; must exist",
  )
    .env("BTDT_CACHE")
    .makeOptionMandatory();
}

export function defineCreateCacheOption() {
  return new Option("--create-cache", "create the cache directory if it does not exist")
    .env("BTDT_CREATE_CACHE")
    .default(false);
}
