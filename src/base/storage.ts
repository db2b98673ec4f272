/** `auto`: objects if the source can be linked or reflinked into the cache, packs otherwise. */
export const STORAGES = ["auto", "objects", "packs"] as const;
export type Storage = (typeof STORAGES)[number];
