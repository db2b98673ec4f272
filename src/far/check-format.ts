import { BtdtError } from "../base/errors.ts";
import type { ObjectStore } from "../bucket/object-store.ts";
import { BUCKET_FORMAT_LINE, FORMAT_NAME } from "./bucket-layout.ts";

const VERSION = 1;

/**
 * Returns whether anything was ever stored. @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE, and those of
 * `ObjectStore`
 */
export async function checkFormat(store: ObjectStore): Promise<boolean> {
  const found = await store.get(FORMAT_NAME);
  if (found.kind === "missing") return false;
  const text = Buffer.from(found.bytes).toString("latin1");
  const version = Number(/^btdt bucket format (\d+)\n/.exec(text)?.[1] ?? Number.NaN);
  if (version > VERSION) {
    throw new BtdtError(
      "CACHE_FORMAT_NEWER",
      `the cache ${store.address} was written by a newer btdt (format ${version})`,
      { path: store.address, hint: "use that version of btdt, or another prefix; nothing was changed" },
    );
  }
  if (version !== VERSION) {
    throw new BtdtError("CACHE_NOT_ACCESSIBLE", `${store.address}/${FORMAT_NAME} was not written by btdt`, {
      path: store.address,
      hint: "use another prefix",
    });
  }
  return true;
}

/** @throws BtdtError, see `ObjectStore` */
export async function writeFormat(store: ObjectStore): Promise<void> {
  await store.put(FORMAT_NAME, Buffer.from(BUCKET_FORMAT_LINE));
}
