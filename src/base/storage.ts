/** `auto` is objects where the source is on the cache's own file system, and packs elsewhere. */
export const STORAGES = ["auto", "objects", "packs"] as const;
export type Storage = (typeof STORAGES)[number];
