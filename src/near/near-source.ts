/**
 * A cache directory on a fast local disk in front of a cache that is farther away: a bucket, or a directory on a slow
 * volume. The far one is asked for each key and decides what it means; what the local one has of that is linked. The
 * rest is fetched, and kept there while it is restored (`keep-fetched`), or before that, if it comes from a directory
 * (`import-entry`).
 */
import { display, escapeControls } from "../base/byte-string.ts";
import { BtdtError, type ErrorCode, isBtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { touchKeyFile } from "../cache/key-files.ts";
import { prepareCache } from "../cache/prepare-cache.ts";
import { FallbackKeys } from "../entry/fallback-keys.ts";
import { type FindOptions, findEntry } from "../entry/find-entry.ts";
import { errnoOf } from "../fs/errno.ts";
import { keyFileName } from "../key/key-file-name.ts";
import type { KeyRecord } from "../key/key-record.ts";
import type { EntrySource, RemoteContents, SourcedEntry, SourcedFound } from "../restore/entry-source.ts";
import type { ShareGlobs } from "../sharing/share-globs.ts";
import { createPause } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import { hasManifestsOf, isCopyOf } from "./origin.ts";

/** Errors that say that a cache cannot be reached, and not that something has to be set up. */
const UNREACHABLE: ReadonlySet<ErrorCode> = new Set(["BUCKET_UNAVAILABLE", "CACHE_NOT_ACCESSIBLE"]);
/** By then, a request is usually signed and sent. */
const SENT_WITHIN_MS = 5;
/** An entry that is damaged even after it was fetched again is restored without the local cache. */
const MOST_ATTEMPTS = 2;

/** What the far cache has, from the local one. */
export class NearSource implements EntrySource {
  readonly cache: CacheDirectory;
  readonly #far: EntrySource;
  readonly #globs: ShareGlobs;
  readonly #runtime: Runtime;
  readonly #nearKeys: FallbackKeys;
  readonly #attempts = new Map<string, number>();
  /** Keys whose entries cannot be kept here. */
  readonly #rejected = new Set<string>();
  #outage: BtdtError | undefined;

  constructor(near: CacheDirectory, far: EntrySource, globs: ShareGlobs, runtime: Runtime) {
    this.cache = near;
    this.#far = far;
    this.#globs = globs;
    this.#runtime = runtime;
    this.#nearKeys = new FallbackKeys(near, createPause(runtime.isCancelled));
  }

  get address(): string {
    return this.#far.address;
  }

  /** Why the far cache could not be asked; undefined if it could. */
  get outage(): BtdtError | undefined {
    return this.#outage;
  }

  /** What cannot be kept here counts as missing, too; `openDirect` finds it. */
  async find(key: string, options: FindOptions = {}): Promise<SourcedEntry> {
    if (this.#rejected.has(key)) return { kind: "missing" };
    try {
      const asking = this.#ask(() => this.#far.findRecord(key));
      // No unhandled rejection if reading the local cache fails first.
      asking.catch(() => undefined);
      // If the answer takes longer, the local cache is read meanwhile, although that may turn out to be for nothing.
      await Promise.race([asking, Bun.sleep(SENT_WITHIN_MS)]);
      const copy = this.#attempts.has(key)
        ? undefined
        : await this.#findHere(key, { onFound: options.onFound });
      const record = await asking;
      if (this.#outage !== undefined) return await this.#findHere(key, options);
      return record === undefined ? { kind: "missing" } : await this.#findCopy(record, copy, options);
    } catch (error) {
      if (isBtdtError(error, "KEY_DAMAGED")) return { kind: "damaged", reason: error.message };
      throw error;
    }
  }

  /** @param copy what the local cache has under the key; undefined if that has been tried */
  async #findCopy(
    record: KeyRecord,
    copy: SourcedEntry | undefined,
    options: FindOptions,
  ): Promise<SourcedEntry> {
    const { key } = record;
    const { explainRefusal } = options;
    const refusal = explainRefusal?.(record);
    if (refusal !== undefined) return { kind: "refused", reason: refusal };
    // What the local cache says of origins is not signed.
    const isCopy = explainRefusal === undefined ? isCopyOf : hasManifestsOf;
    const attempts = this.#attempts.get(key) ?? 0;
    this.#attempts.set(key, attempts + 1);
    if (copy?.kind === "found" && isCopy(copy.record, record)) return copy;
    const found = attempts < MOST_ATTEMPTS ? await this.#fetch(key, options) : undefined;
    if (found !== undefined) return found;
    this.#rejected.add(key);
    return { kind: "missing" };
  }

  /** An entry that is being kept, or has been; undefined if it cannot be kept here. */
  async #fetch(key: string, options: FindOptions): Promise<SourcedFound | undefined> {
    if (this.cache.isReadOnly) return undefined;
    const entry = await this.#far.find(key, options);
    // The restore that does without the local cache finds this again, and reports it.
    if (entry.kind !== "found") return undefined;
    const { remote } = entry;
    if (remote !== undefined) return this.#keep({ ...entry, remote });
    if (options.explainRefusal !== undefined || !(await this.#import(entry))) return undefined;
    // A clean may have evicted it again.
    const imported = await this.#findHere(key, options);
    return imported.kind === "found" ? imported : undefined;
  }

  #keep(entry: SourcedFound & { readonly remote: RemoteContents }): SourcedFound | undefined {
    const { key } = entry.record;
    try {
      prepareCache(this.cache);
    } catch (error) {
      this.#warn(key, error);
      return undefined;
    }
    const keeping = { near: this.cache, entry, remote: entry.remote, runtime: this.#runtime };
    return {
      ...entry,
      placeAndKeep: async (targets, place) => {
        const { keepFetched } = await import("./keep-fetched.ts");
        const placed = await keepFetched(keeping, targets, place, (error) => this.#warn(key, error));
        // From now on, it is restored without the local cache, whatever was wrong with that.
        if (placed?.kind !== "placed") this.#rejected.add(key);
        return placed ?? { kind: "damaged", reason: "it cannot be kept" };
      },
    };
  }

  findRecord(key: string): Promise<KeyRecord | undefined> {
    return this.#far.findRecord(key);
  }

  async *listFallbackKeys(prefix: string): AsyncGenerator<string> {
    const keys: string[] = [];
    await this.#ask(async () => {
      for await (const key of this.#far.listFallbackKeys(prefix)) keys.push(key);
    });
    if (this.#outage === undefined) yield* keys;
    else yield* this.#nearKeys.list(prefix);
  }

  async noteUse(record: KeyRecord): Promise<boolean> {
    touchKeyFile(this.cache, keyFileName(record.key));
    return this.#outage === undefined && (await this.#far.noteUse(record));
  }

  /** The entries that this one rejected. */
  openDirect(): EntrySource {
    const rejected = this.#rejected;
    const far = this.#far;
    return {
      address: far.address,
      cache: far.cache,
      findRecord: (key) => far.findRecord(key),
      find: async (key, options) => {
        return rejected.has(key) ? await far.find(key, options) : { kind: "missing" };
      },
      listFallbackKeys: async function* (prefix) {
        for (const key of rejected) if (key.startsWith(prefix)) yield key;
      },
      noteUse: (record) => far.noteUse(record),
    };
  }

  async #findHere(key: string, options: FindOptions): Promise<SourcedEntry> {
    const found = await findEntry(this.cache, key, options);
    return found.kind === "found" ? { ...found, remote: undefined } : found;
  }

  /** Once the far cache could not be reached, it is not asked again. */
  async #ask<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
    if (this.#outage !== undefined) return undefined;
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof BtdtError) || !UNREACHABLE.has(error.code)) throw error;
      this.#outage = error;
      this.#runtime.onWarning(`${error.message}; only what ${display(this.cache.path)} has is restored`);
      return undefined;
    }
  }

  /** False if it cannot be kept here, which is a warning. */
  async #import(entry: SourcedFound): Promise<boolean> {
    const { importEntry } = await import("./import-entry.ts");
    try {
      await importEntry({ near: this.cache, far: this.#far.cache, globs: this.#globs }, entry, this.#runtime);
      return true;
    } catch (error) {
      if (isBtdtError(error) && isOfFarCache(error)) throw error;
      this.#warn(entry.record.key, error);
      return false;
    }
  }

  /** Warns that an entry is not kept, and why. @throws any error that is no reason for that */
  #warn(key: string, error: unknown): void {
    const isReason = isBtdtError(error) ? error.code !== "CANCELLED" : errnoOf(error) !== undefined;
    if (!isReason || !(error instanceof Error)) throw error;
    this.#runtime.onWarning(
      `the entry of key ${escapeControls(key)} is not kept in ${display(this.cache.path)}: ${error.message}`,
    );
  }
}

function isOfFarCache({ code }: BtdtError): boolean {
  return code === "BUCKET_UNAVAILABLE" || code === "BUCKET_NOT_ACCESSIBLE";
}
