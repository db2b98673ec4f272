import { BtdtError } from "../base/errors.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { withSharedLock } from "../cache/cache-lock.ts";
import { publishKeyFile } from "../cache/key-files.ts";
import { publishManifestFile } from "../cache/manifest-files.ts";
import { publishIntent } from "../cache/publish-intent.ts";
import { Session } from "../cache/session.ts";
import { addToSizeNote } from "../cache/size-note.ts";
import { encodeKeyFile } from "../key/key-file.ts";
import { keyFileName } from "../key/key-file-name.ts";
import type { KeyRecord } from "../key/key-record.ts";
import { baseDigestOf } from "../manifest/delta-codec.ts";
import type { PlaceTargets, RemoteContents, SourcedFound } from "../restore/entry-source.ts";
import type { PlacedEntry } from "../restore/place-entry.ts";
import type { Target } from "../restore/target.ts";
import type { Runtime } from "../work/runtime.ts";
import { findLacking } from "./find-lacking.ts";
import { keepBuildState } from "./keep-build-state.ts";
import { KeptPack } from "./kept-pack.ts";

export interface Keeping {
  readonly near: CacheDirectory;
  readonly entry: SourcedFound;
  readonly remote: RemoteContents;
  readonly runtime: Runtime;
}

/**
 * Restores an entry of a far cache, and keeps in the local one what is fetched for that: the blocks as a pack, and the
 * manifests and the key, with its signature, as they are there. In the order of a store: manifests are announced before
 * the local cache is relied on, and the key comes last: a kill leaves garbage that the next clean deletes.
 * @param targets in the local cache, which has been prepared for writing
 * @param onTrouble called with the reason why the entry is not kept
 * @returns undefined if the local cache cannot be written to; then nothing was placed
 * @throws BtdtError, what `place` throws
 */
export async function keepFetched(
  keeping: Keeping,
  targets: readonly Target[],
  place: PlaceTargets,
  onTrouble: (error: unknown) => void,
): Promise<PlacedEntry | undefined> {
  const { near, remote, runtime } = keeping;
  let session: Session;
  try {
    session = await announce(keeping);
  } catch (error) {
    onTrouble(error);
    return undefined;
  }
  const pack = new KeptPack(near, session, remote.packs);
  const fetch: RemoteContents["fetch"] = (parts) => pack.keep(remote.fetch(parts), parts);
  try {
    const placed = await place(targets.map((target) => ({ ...target, remote: { ...remote, fetch } })));
    if (placed.kind !== "placed") return placed;
    try {
      for (const target of targets) await keepBuildState(target, runtime);
      await publish(keeping, session, pack);
    } catch (error) {
      // The restore itself has succeeded.
      if (!runtime.isCancelled()) onTrouble(error);
    }
    return placed;
  } finally {
    pack.close();
    session.close(runtime.isCancelled());
  }
}

/** From here on, no clean deletes what the local cache has of the entry. */
async function announce({ near, entry, remote, runtime }: Keeping): Promise<Session> {
  const session = Session.open(near);
  try {
    for (const digest of listManifests(entry, remote)) {
      const file = remote.manifestFiles.get(digest) ?? new Uint8Array(0);
      await publishIntent(near, session, { digest, file }, runtime.isCancelled);
      // Objects that are made from here on need it.
      publishManifestFile(near, session, digest, file);
    }
    return session;
  } catch (error) {
    session.close();
    throw error;
  }
}

/** The manifests of the trees, each delta after its base. */
function listManifests({ record }: SourcedFound, { manifestFiles }: RemoteContents): Set<string> {
  const digests = new Set<string>();
  for (const { manifest } of record.trees) {
    const base = baseDigestOf(manifestFiles.get(manifest) ?? new Uint8Array(0));
    if (base !== undefined) digests.add(base);
    digests.add(manifest);
  }
  return digests;
}

/** The key comes last: from then on, the local cache has the entry. @throws BtdtError; a `node:fs` error */
async function publish(
  { near, entry, remote, runtime }: Keeping,
  session: Session,
  pack: KeptPack,
): Promise<void> {
  if (!pack.isEmpty) for (const { manifest } of entry.trees) pack.addLists(manifest, () => true);
  let newBytes = await pack.finish(runtime.isCancelled);
  newBytes += await fetchRest({ near, entry, remote, runtime }, session);
  for (const digest of listManifests(entry, remote))
    newBytes += remote.manifestFiles.get(digest)?.length ?? 0;
  const { key, storedAt, trees, signature } = entry.record;
  const record: KeyRecord = { key, storedAt, trees, ...(signature === undefined ? {} : { signature }) };
  const usedMs = Math.floor(session.readClock());
  // A clean that has decided to evict the key's old entry could otherwise delete this one instead.
  await withSharedLock(near, runtime.isCancelled, () => {
    addToSizeNote(near, newBytes);
    publishKeyFile(near, session, keyFileName(key), encodeKeyFile(record), usedMs);
  });
}

/**
 * Fetches what the local cache still lacks. What the destination had was not fetched, and what the local cache had may
 * be gone: a clean does not know the chunks of a large file before there is a list of them.
 * @returns the size of what was kept
 * @throws BtdtError; a `node:fs` error
 */
async function fetchRest({ near, entry, remote, runtime }: Keeping, session: Session): Promise<number> {
  const rest = new KeptPack(near, session, remote.packs);
  try {
    for (const { manifest } of entry.trees) {
      const { parts, lacksList } = findLacking(near, manifest, remote, runtime.onWarning);
      const fetch = rest.keep(remote.fetch(parts), parts);
      try {
        for (const [number, part] of parts.entries()) {
          const taken = await fetch.take(number);
          if (taken.kind !== "fetched" || !rest.holds(part)) {
            throw new BtdtError("ENTRY_MISSING", `its pack ${part.pack} is missing or damaged`);
          }
          fetch.release(number);
        }
      } finally {
        fetch.close();
      }
      rest.addLists(manifest, lacksList);
    }
    return await rest.finish(runtime.isCancelled);
  } finally {
    rest.close();
  }
}
