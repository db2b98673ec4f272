import { bytesFromText } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import { readEditedPaths } from "../cache/edited-paths.ts";
import type { Session } from "../cache/session.ts";
import type { Suspects } from "../durability/suspects.ts";
import { markEditedPaths } from "../manifest/mark-edited-paths.ts";
import { classifyFiles } from "../sharing/classify-files.ts";
import { copyBuildState } from "../sharing/copy-build-state.ts";
import type { SourcedEntry } from "./entry-source.ts";
import type { Place } from "./places.ts";
import type { RestoreRequest } from "./request.ts";
import type { Target } from "./target.ts";

interface TargetContext {
  readonly request: RestoreRequest;
  readonly cache: CacheDirectory;
  /** Undefined if the cache is read-only. */
  readonly session: Session | undefined;
  readonly suspects: Suspects | undefined;
}

/** What is restored where: one target for each tree that has a place. */
export function describeTargets(
  { trees, remote }: Extract<SourcedEntry, { kind: "found" }>,
  places: readonly Place[],
  { request, cache, session, suspects }: TargetContext,
): Target[] {
  const { globs, exact } = request;
  // Where everything is linked, what is written into the tree would be written into the cache.
  const linkMode = cache.isReadOnly && request.linkMode === "hard" ? "auto" : request.linkMode;
  return trees.flatMap(({ stored, manifest }, index) => {
    const place = places[index];
    if (place === undefined) return [];
    const { destination } = place;
    const name = bytesFromText(trees.length === 1 ? "" : (stored.path ?? ""));
    const names = [
      bytesFromText(place.name),
      ...(stored.path === undefined ? [] : [bytesFromText(stored.path)]),
    ];
    const sharing = classifyFiles(
      manifest,
      { names, globs, linkMode },
      markEditedPaths(manifest, readEditedPaths(cache, stored.path)),
    );
    if (cache.isReadOnly) copyBuildState(sharing);
    const links = {
      objects: cache.objects,
      temporary: session?.directory,
      mode: linkMode,
      isVerified: request.verify || request.explainRefusal !== undefined,
      linksOnlyOwn: request.explainRefusal !== undefined,
      sharing,
      suspects: suspects?.flagFiles(manifest),
    };
    const digest = stored.manifest;
    const marks = suspects?.marks.filter((mark) => mark.digest === digest) ?? [];
    return [
      {
        cache,
        manifest,
        digest,
        marks,
        session,
        name,
        recordedPath: stored.path,
        destination,
        remote,
        exact,
        links,
      },
    ];
  });
}
