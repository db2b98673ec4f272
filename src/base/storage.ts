/** `auto`: objects if the source is on the cache's file system, packs otherwise. */
export const STORAGES = ["auto", "objects", "packs"] as const;
export type Storage = (typeof STORAGES)[number];
