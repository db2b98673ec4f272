/**
 * The layout of a cache in an object store, see `docs/bucket-format.md`: keys, which are replaced, and packs, which
 * are never written twice. Everything else is empty objects whose names and times say what is known of these.
 */
import { keyFileName } from "../key/key-file-name.ts";

/** A later format that cannot share a cache with this one gets its own folder. */
const ROOT = "btdt-v1/";

export const FORMAT_NAME = `${ROOT}format`;
export const BUCKET_FORMAT_LINE = "btdt bucket format 1\n";

export const KEYS_PREFIX = `${ROOT}keys/`;
export const PACKS_PREFIX = `${ROOT}packs/`;
/** Marks of packs that no store may begin to count on. */
export const CONDEMNED_PREFIX = `${ROOT}condemned/`;
/** Marks of days on which keys were restored. */
export const USED_PREFIX = `${ROOT}used/`;

const PACK_ID = /^[0-9a-f]{32}$/;
const DAY = /^\d{4}-\d\d-\d\d$/;

/** Random: it is needed before the pack is known, and a name that is used twice could be deleted by a clean in between. */
export function choosePackId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("hex");
}

export function isPackId(text: string): boolean {
  return PACK_ID.test(text);
}

export function keyName(key: string): string {
  return KEYS_PREFIX + keyFileName(key);
}

export function packName(id: string): string {
  return PACKS_PREFIX + id;
}

export function condemnedName(id: string): string {
  return CONDEMNED_PREFIX + id;
}

/** @param fileName see `keyFileName` @param timeMs by the server's clock */
export function usedName(fileName: string, timeMs: number): string {
  return `${USED_PREFIX}${new Date(timeMs).toISOString().slice(0, 10)}/${fileName}`;
}

/** The day and the key's file name that a mark's name states; undefined for anything foreign. */
export function parseUsedName(
  name: string,
): { readonly dayMs: number; readonly fileName: string } | undefined {
  const [day = "", fileName = "", ...rest] = name.slice(USED_PREFIX.length).split("/");
  const dayMs = DAY.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(dayMs) || fileName === "" || rest.length > 0 ? undefined : { dayMs, fileName };
}
