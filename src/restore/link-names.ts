import { linkSync } from "node:fs";
import { fsPath } from "../base/byte-string.ts";
import type { Cancellation } from "../base/cancellation.ts";
import { compileLightly, compileMethodsLightly } from "../base/compile-lightly.ts";
import { copyFile } from "../fs/copy-file.ts";
import { errnoOf } from "../fs/errno.ts";
import type { FileAttributes } from "../fs/file-attributes.ts";
import { tryLink } from "../fs/native/link-file.ts";
import type { PathBuffer } from "../fs/native/path-buffer.ts";
import { attributesOfFile } from "../manifest/attributes-of-file.ts";
import { viewManifest } from "../manifest/codec.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import type { Job } from "../work/job.ts";
import { runAllResuming } from "../work/run-all.ts";
import type { Runtime } from "../work/runtime.ts";
import { createStopCheck } from "../work/stop-check.ts";
import type { Site } from "./target.ts";
import { TreePath } from "./tree-path.ts";

const attributes: FileAttributes = { mode: 0, sizeBytes: 0, mtimeSeconds: 0, mtimeNanoseconds: 0 };

/** What one job links. */
const JOB_LINKS = 1000;

export interface LinkNamesInput {
  readonly payload: Uint8Array;
  readonly site: Site;
  /** A range of the manifest's links. */
  readonly firstLink: number;
  readonly endLink: number;
}

export interface LinkedNames {
  readonly linked: number;
  /** On a file system that allows no link, or no further one. */
  readonly copied: number;
  readonly contentBytes: number;
  /** Where another job goes on, if it is not the end of the range. */
  readonly nextLink: number;
}

/** @throws BtdtError CANCELLED; a `node:fs` error: the destination cannot be written */
export const linkNamesJob: Job<LinkNamesInput, LinkedNames> = {
  name: "link-names",
  run({ payload, site, firstLink, endLink }, context) {
    const manifest = viewManifest(payload);
    const path = new TreePath(manifest, site.path, site.unchanged === undefined);
    const target = new TreePath(manifest, site.path, true);
    const result = { linked: 0, copied: 0, contentBytes: 0 };
    const hasEnough = createStopCheck(context, "stopped before all files were restored");
    let link = firstLink;
    for (; link < endLink; link++) {
      if (hasEnough() && link > firstLink) break;
      const file = at(manifest.linkFiles, link);
      if (site.unchanged?.files[file] === 1) continue;
      const first = at(manifest.linkTargets, link);
      path.setFile(manifest.directoryOfFile(file), file);
      target.setFile(manifest.directoryOfFile(first), first);
      const wanted = attributesOfFile(manifest, file, attributes);
      result[placeFurtherName(target.buffer, path.buffer, wanted, context)] += 1;
      result.contentBytes += at(manifest.fileSizes, file);
    }
    return { ...result, nextLink: link };
  },
  workOf: (_input, { linked, copied, contentBytes }) => ({ files: linked + copied, bytes: contentBytes }),
};

/**
 * Gives files of a tree that was built aside their further names.
 * @throws BtdtError CANCELLED; a `node:fs` error: the destination cannot be written
 */
export async function linkNames(
  manifest: Manifest,
  site: Site,
  { runners }: Runtime,
): Promise<Pick<LinkedNames, "linked" | "copied">> {
  const { linkCount } = manifest.counts;
  const ranges: { firstLink: number; endLink: number }[] = [];
  for (let firstLink = 0; firstLink < linkCount; firstLink += JOB_LINKS) {
    ranges.push({ firstLink, endLink: Math.min(firstLink + JOB_LINKS, linkCount) });
  }
  const runner = ranges.length > 1 ? runners.pool : runners.inline;
  const shared = { payload: manifest.payload, site };
  const parts = await runAllResuming(runner, linkNamesJob, shared, ranges, ({ endLink }, { nextLink }) =>
    nextLink < endLink ? [{ firstLink: nextLink, endLink }] : [],
  );
  return {
    linked: parts.reduce((sum, { linked }) => sum + linked, 0),
    copied: parts.reduce((sum, { copied }) => sum + copied, 0),
  };
}

/**
 * Links a further name of a file, or copies the file where that is not possible. @throws BtdtError CANCELLED, SYSTEM; a
 * `node:fs` error
 */
export function placeFurtherName(
  existing: PathBuffer,
  path: PathBuffer,
  wanted: FileAttributes,
  cancellation: Cancellation,
): "linked" | "copied" {
  if (tryLink(existing, path)) return "linked";
  try {
    // Again, for an error that says why.
    linkSync(fsPath(existing.toBytes()), fsPath(path.toBytes()));
    return "linked";
  } catch (error) {
    switch (errnoOf(error)) {
      case "EMLINK":
      case "EPERM":
      case "EOPNOTSUPP":
      case "ENOTSUP":
      case "ENOSYS":
        copyFile(existing, path, wanted, cancellation);
        return "copied";
      default:
        throw error;
    }
  }
}

compileLightly(placeFurtherName);
compileMethodsLightly(linkNamesJob);
