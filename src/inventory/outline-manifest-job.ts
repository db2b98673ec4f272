import type { ByteString } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { Job } from "../work/job.ts";
import type { ManifestOutline } from "./manifest-outline.ts";
import { Outliner } from "./outliner.ts";

interface OutlineRequest {
  /** The directory of manifests. */
  readonly manifests: ByteString;
  readonly digest: string;
  /** The digests of the manifests that it may be compared with. */
  readonly known: readonly string[];
}

/** Several threads have one each in memory, whatever their keys state. */
const MOST_BYTES_AT_ONCE = 64 * 1024 * 1024;

/** Of the thread; for the cache whose manifests were outlined last. */
let own: { readonly manifests: ByteString; readonly outliner: Outliner } | undefined;

/**
 * Outlines a manifest; undefined if it is missing, damaged or unreadable. It is compared with the one that the same
 * thread outlined before.
 * @throws BtdtError CACHE_FORMAT_NEWER, CACHE_NOT_ACCESSIBLE
 */
export function outlineHere(
  { manifests, digest, known }: OutlineRequest,
  mostBytes = Number.POSITIVE_INFINITY,
): ManifestOutline | undefined {
  if (own?.manifests !== manifests) own = { manifests, outliner: new Outliner({ manifests }) };
  return own.outliner.outline(digest, known, mostBytes);
}

/** The same in any thread, unless it is much larger than its key states. @throws also BtdtError CANCELLED */
export const outlineManifestJob: Job<OutlineRequest, ManifestOutline | undefined> = {
  name: "outline-manifest",
  isHeavy: true,
  run(request, context) {
    if (context.isCancelled()) throw new BtdtError("CANCELLED", "stopped before all manifests were read");
    return outlineHere(request, MOST_BYTES_AT_ONCE);
  },
};
