import type { ObjectStore } from "../bucket/object-store.ts";
import { keyFileName } from "../key/key-file-name.ts";
import { isSameRecord } from "../key/key-record.ts";
import { PackContents } from "../packs/contents/pack-contents.ts";
import type { VerifyResult } from "../upkeep/verify-and-repair.ts";
import type { Runtime } from "../work/runtime.ts";
import { KEYS_PREFIX } from "./bucket-layout.ts";
import type { BucketRecord } from "./bucket-record.ts";
import { BucketSource, condemn } from "./bucket-source.ts";
import { checkFormat } from "./check-format.ts";
import { fetchRecord } from "./fetch-record.ts";
import { listAll } from "./list-all.ts";
import { locateContents } from "./locate-contents.ts";
import { verifyRemotePack } from "./verify-remote-pack.ts";

/**
 * Reads everything that keys need, and compares it with its digests. What is damaged is condemned, so that the next
 * store uploads it again.
 * @param keys empty: all
 * @throws BtdtError CACHE_FORMAT_NEWER, CANCELLED, and those of `ObjectStore`
 */
export async function verifyBucket(
  store: ObjectStore,
  keys: readonly string[],
  runtime: Runtime,
): Promise<VerifyResult> {
  await checkFormat(store);
  const names = keys.length > 0 ? keys.map(keyFileName) : await listNames(store);
  const verifier = new EntryVerifier(store, runtime);
  const damage: VerifyResult["damage"][number][] = [];
  const missingKeys: string[] = [];
  let keyCount = 0;
  runtime.progress.begin({ name: "verifying", unit: "bytes" });
  try {
    for (const [number, name] of names.entries()) {
      const read = await fetchRecord(store, name);
      if (read.kind === "missing") {
        if (keys.length > 0) missingKeys.push(keys[number] ?? name);
        continue;
      }
      keyCount += 1;
      const key = read.kind === "read" ? read.record.key : name;
      const reasons = read.kind === "read" ? await verifier.verify(read.record) : [read.reason];
      for (const reason of reasons) damage.push({ keys: [key], path: undefined, reason, outcome: "found" });
    }
  } finally {
    runtime.progress.end();
  }
  const { blockCount, contentBytes } = verifier;
  return {
    checked: { keyCount, objectCount: 0, blockCount, contentBytes },
    damage,
    unreadable: [],
    missingKeys,
  };
}

async function listNames(store: ObjectStore): Promise<string[]> {
  const { objects } = await listAll(store, KEYS_PREFIX);
  return objects.map(({ name }) => name.slice(KEYS_PREFIX.length));
}

/** Reads each pack once, however many entries need it. */
class EntryVerifier {
  blockCount = 0;
  contentBytes = 0;
  readonly #store: ObjectStore;
  readonly #runtime: Runtime;
  /** What is wrong with each pack, by its id and its index. */
  readonly #packs = new Map<string, string | undefined>();

  constructor(store: ObjectStore, runtime: Runtime) {
    this.#store = store;
    this.#runtime = runtime;
  }

  /** What is wrong, as sentences; of an entry that is deleted meanwhile, nothing. */
  async verify({ key }: BucketRecord): Promise<string[]> {
    const source = new BucketSource(this.#store, [key]);
    const entry = await source.find(key);
    if (entry.kind === "missing") return [];
    if (entry.kind !== "found") return [entry.reason];
    const packs = entry.remote?.packs ?? [];
    const contents = new PackContents(packs);
    const missingCount = entry.trees.reduce((count, { manifest }) => {
      return count + locateContents(manifest, undefined, contents).missing.length;
    }, 0);
    const reasons = missingCount === 0 ? [] : [`the contents of ${missingCount} of its files are missing`];
    for (const pack of packs) {
      const name = `${pack.name} ${Buffer.from(pack.index.nonce).toString("hex")}`;
      if (!this.#packs.has(name)) this.#packs.set(name, await this.#read(pack));
      const reason = this.#packs.get(name);
      if (reason !== undefined) reasons.push(reason);
    }
    if (reasons.length === 0) return [];
    // A clean deletes a key before its packs.
    const now = await source.find(key);
    return now.kind === "missing" || (now.kind === "found" && !isSameRecord(now.record, entry.record))
      ? []
      : reasons;
  }

  async #read(pack: PackContents["packs"][number]): Promise<string | undefined> {
    const damaged = await verifyRemotePack(this.#store, pack, this.#runtime);
    this.blockCount += pack.index.counts.blockCount;
    this.contentBytes += pack.index.contentSizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0);
    if (damaged === 0) return undefined;
    if (damaged === "gone") return `its pack ${pack.name} is missing`;
    await condemn(this.#store, pack.name);
    return `${damaged} of ${pack.index.counts.blockCount} blocks of its pack ${pack.name} are damaged`;
  }
}
