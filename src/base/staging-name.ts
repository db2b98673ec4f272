import type { ByteString } from "./byte-string.ts";

export const STAGING_PREFIX = ".btdt-restore-";

const STAGING_NAME = /^\.btdt-restore-[0-9a-f-]{36}(\.new)?$/;

/** Directories with such names belong to btdt, wherever they are, and are part of no tree. */
export function isStagingName(name: ByteString): boolean {
  return STAGING_NAME.test(name);
}
