import { isBtdtError } from "../base/errors.ts";
import type { ObjectStore } from "../bucket/object-store.ts";
import type { StoredPack } from "../packs/contents/read-pack.ts";
import { decodePackIndex } from "../packs/format/index-codec.ts";
import { packName } from "./bucket-layout.ts";
import type { RecordedPack } from "./bucket-record.ts";

/** What follows the contents of a pack object, as far as an entry needs it. */
export type FetchedTail =
  | {
      readonly kind: "fetched";
      readonly recorded: RecordedPack;
      /** Undefined if the entry needs nothing from it. */
      readonly pack: StoredPack | undefined;
      /** By digest. */
      readonly manifests: ReadonlyMap<string, Uint8Array>;
    }
  | { readonly kind: "missing"; readonly id: string }
  | { readonly kind: "damaged"; readonly id: string };

/** More than the index and the manifests of twenty million files take. */
const LARGEST_TAIL_BYTES = 1024 * 1024 * 1024;

/**
 * Fetches the index and the manifests that an entry needs of a pack, in one request. What does not match the record is
 * fetched once more before it counts as damaged.
 * @throws BtdtError CACHE_FORMAT_NEWER, and those of `ObjectStore`
 */
export async function fetchTail(store: ObjectStore, recorded: RecordedPack): Promise<FetchedTail> {
  const fetched = await fetchOnce(store, recorded);
  return fetched.kind === "damaged" ? await fetchOnce(store, recorded) : fetched;
}

async function fetchOnce(store: ObjectStore, recorded: RecordedPack): Promise<FetchedTail> {
  const { id, index, manifests } = recorded;
  const parts = [...(index === undefined ? [] : [index]), ...manifests];
  const startBytes = Math.min(...parts.map(({ offset }) => offset));
  const endBytes = Math.max(...parts.map(({ offset, sizeBytes }) => offset + sizeBytes));
  if (endBytes - startBytes > LARGEST_TAIL_BYTES) return { kind: "damaged", id };
  const found = await store.get(packName(id), { startBytes, endBytes });
  if (found.kind === "missing") return { kind: "missing", id };
  const sound = new Map<string, Uint8Array>();
  for (const { digest, offset, sizeBytes } of parts) {
    const bytes = found.bytes.subarray(offset - startBytes, offset - startBytes + sizeBytes);
    if (new Bun.SHA256().update(bytes).digest("hex") !== digest) return { kind: "damaged", id };
    sound.set(digest, bytes);
  }
  const pack =
    index === undefined ? undefined : describePack(recorded, index.offset, sound.get(index.digest));
  if (pack === "damaged") return { kind: "damaged", id };
  return { kind: "fetched", recorded, pack, manifests: sound };
}

/** @throws BtdtError CACHE_FORMAT_NEWER */
function describePack(
  { id, sizeBytes }: RecordedPack,
  packBytes: number,
  bytes: Uint8Array | undefined,
): StoredPack | "damaged" {
  try {
    const index = decodePackIndex(bytes ?? new Uint8Array(0), id);
    // The index follows the pack.
    if (index.packBytes() !== packBytes) return "damaged";
    const damagedBlocks = new Set<number>();
    return {
      kind: "stored",
      name: id,
      index,
      damagedBlocks,
      allocatedBytes: sizeBytes,
      madeMs: 0,
      isRemote: true,
    };
  } catch (error) {
    if (isBtdtError(error, "PACK_DAMAGED")) return "damaged";
    throw error;
  }
}
