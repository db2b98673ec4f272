import { DEFAULT_COMPRESSION } from "../../src/base/compression.ts";
import { NO_GLOBS } from "../../src/sharing/share-globs.ts";
import { SKIP_NOTHING, type StoreRequest } from "../../src/store/request.ts";

/** Those of a store without options, except that nothing is flushed. */
export const STORE_SETTINGS = {
  excludePatterns: [],
  ignoreMtime: false,
  skip: SKIP_NOTHING,
  linkMode: "auto",
  globs: NO_GLOBS,
  compression: DEFAULT_COMPRESSION,
  durability: "none",
} as const satisfies Partial<StoreRequest>;
