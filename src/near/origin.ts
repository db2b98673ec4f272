import type { KeyRecord } from "../key/key-record.ts";

/**
 * Whether an entry of the local cache is what the far one has under the same key: by digests, not by times. Two
 * manifests of one tree may differ: one may be a delta, or be for packs.
 */
export function isCopyOf(near: KeyRecord, far: KeyRecord): boolean {
  return (
    near.trees.length === far.trees.length &&
    near.trees.every(({ path, manifest }, index) => {
      const other = far.trees[index];
      const digests = [manifest, near.origins?.[index]];
      return other !== undefined && path === other.path && digests.includes(other.manifest);
    })
  );
}

/** The same, whatever the local cache says about where its trees come from. */
export function hasManifestsOf(near: KeyRecord, far: KeyRecord): boolean {
  return isCopyOf({ key: near.key, storedAt: near.storedAt, trees: near.trees }, far);
}

/** What a key of the local cache says about the trees in the far one. */
export function originsOf(far: Pick<KeyRecord, "trees">): string[] {
  return far.trees.map(({ manifest }) => manifest);
}
