/**
 * Writes the files of an entry that come from packs, where the tree is built: finds the files (`find-packed-files`),
 * plans which blocks are read for what (`unpack-plan`), reads and writes in threads (`unpack-blocks`).
 */

import { closeSync, constants, openSync } from "node:fs";
import { type ByteString, display, fsPath } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";
import type { CacheDirectory } from "../../cache/cache-directory.ts";
import { setAttributes } from "../../fs/file-attributes.ts";
import { lstat } from "../../fs/native/file-status.ts";
import { PathBuffer } from "../../fs/native/path-buffer.ts";
import { attributesOfFile } from "../../manifest/attributes-of-file.ts";
import { at, type Manifest } from "../../manifest/manifest.ts";
import { adoptWrittenFile } from "../../objects/adopt-written-file.ts";
import { Sharing } from "../../sharing/classify-files.ts";
import type { Runners } from "../../work/job.ts";
import { runEach } from "../../work/run-all.ts";
import type { PackProblem } from "../contents/open-pack.ts";
import { PackContents } from "../contents/pack-contents.ts";
import type { UnpackBlocksInput, UnpackedBlocks } from "./block-unpacker.ts";
import { findContentSources, isPacked } from "./content-sources.ts";
import { FetchedParts } from "./fetched-parts.ts";
import { PacksOpenAhead } from "./open-ahead.ts";
import type { RemotePacks } from "./remote-packs.ts";
import { unpackInSteps } from "./unpack-in-steps.ts";
import { listWrittenLargeFiles } from "./unpack-items.ts";
import { planUnpack, type UnpackPart, type UnpackPlan } from "./unpack-plan.ts";

/** How often the contents of packs are looked up again that a clean has deleted just before they were read. */
const MOST_ROUNDS = 5;

export interface UnpackTarget {
  readonly cache: CacheDirectory;
  readonly manifest: Manifest;
  /** Where the tree is built; its directories exist. */
  readonly staging: ByteString;
  readonly umask: number;
  /** Whether the written files become objects as well. */
  readonly isAdopted: boolean;
  /** See `classifyFiles`. */
  readonly sharing: Uint8Array;
  /** One word, shared by all jobs of a restore: non-zero once something was found that cannot be restored. */
  readonly damageFlag: Int32Array;
  /** Where packs are that the plan has and the cache directory has not. */
  readonly remote: RemotePacks | undefined;
}

export interface UnpackedTree {
  readonly fileCount: number;
  readonly contentBytes: number;
  /** If there are any, what was unpacked is useless; each file is listed once. */
  readonly problems: readonly { readonly file: number; readonly problem: PackProblem }[];
  /** Blocks that were read and found damaged. */
  readonly damagedBlocks: readonly { readonly pack: string; readonly block: number }[];
}

/**
 * Writes the wanted files of an entry from packs; each block is read once, in the order of the packs.
 * @throws BtdtError, CANCELLED among others; a `node:fs` error: the destination cannot be written
 */
export async function unpackTree(
  firstPlan: UnpackPlan,
  target: UnpackTarget,
  runners: Runners,
): Promise<UnpackedTree> {
  makeLargeFiles(firstPlan, target);
  const total = { fileCount: 0, contentBytes: 0 };
  const problems = new Map<number, PackProblem>();
  const damagedBlocks: { readonly pack: string; readonly block: number }[] = [];
  let plan: UnpackPlan | undefined = firstPlan;
  for (let round = 1; plan !== undefined; round++) {
    problems.clear();
    const unpacked = await unpackParts(plan, target, runners);
    for (const [index, part] of unpacked.entries()) {
      total.fileCount += part.fileCount;
      total.contentBytes += part.contentBytes;
      for (const { file, problem } of part.problems) problems.set(file, problem);
      const pack = plan.contents.packs[plan.parts[index]?.pack ?? 0]?.name ?? "";
      damagedBlocks.push(...part.damagedBlocks.map((block) => ({ pack, block })));
    }
    if (Atomics.load(target.damageFlag, 0) !== 0) break;
    total.fileCount += finishLargeFiles(plan, target);
    if (round === MOST_ROUNDS) break;
    plan = planAgain(problems, target);
  }
  return { ...total, problems: [...problems].map(([file, problem]) => ({ file, problem })), damagedBlocks };
}

async function unpackParts(
  plan: UnpackPlan,
  { cache, manifest, staging, umask, isAdopted, sharing, damageFlag, remote }: UnpackTarget,
  runners: Runners,
): Promise<UnpackedBlocks[]> {
  const fetching = remote === undefined ? undefined : new FetchedParts(remote, plan);
  const ahead = new PacksOpenAhead(cache, plan.contents, new Set(plan.parts.map(({ pack }) => pack)));
  try {
    // Opening them may have taken a while: signals are noticed before anything is written.
    await new Promise<void>((resolve) => setImmediate(resolve));
    const shared = {
      payload: manifest.payload,
      items: plan.items,
      staging,
      umask,
      adoptInto: isAdopted ? cache.objects : undefined,
      sharing,
      damageFlag,
    };
    const runner = plan.parts.length > 1 ? runners.pool : runners.inline;
    const unpack = (part: UnpackPart & Pick<UnpackBlocksInput, "access">): Promise<UnpackedBlocks> =>
      unpackInSteps(runner, shared, part);
    return await runEach(runner, plan.parts, (part) => {
      if (fetching?.isRemote(part) === true) return fetching.use(part, unpack);
      ahead.readAhead(part);
      return unpack({ ...part, access: ahead.access(part.pack) });
    });
  } finally {
    ahead.close();
    fetching?.close();
  }
}

/** For files whose packs are gone; undefined if there are none, or their contents are nowhere. */
function planAgain(
  problems: ReadonlyMap<number, PackProblem>,
  { cache, manifest }: UnpackTarget,
): UnpackPlan | undefined {
  if (problems.size === 0) return undefined;
  const contents = PackContents.load(cache);
  const sources = findContentSources(manifest, contents, (file) => problems.has(file));
  for (const file of problems.keys()) if (!isPacked(sources, file)) return undefined;
  return planUnpack(manifest, { contents, sources }, undefined);
}

function makeLargeFiles({ largeFiles }: UnpackPlan, { staging, manifest }: UnpackTarget): void {
  for (const file of largeFiles) {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    closeSync(openSync(fsPath(pathOf(staging, manifest, file)), flags, 0o600));
  }
}

/** Only those with every chunk written; returns their number. */
function finishLargeFiles(plan: UnpackPlan, target: UnpackTarget): number {
  const { staging, manifest, isAdopted, sharing, cache } = target;
  const written = listWrittenLargeFiles(plan.items);
  const path = new PathBuffer();
  for (const file of written) {
    path.set(pathOf(staging, manifest, file));
    setAttributes(path, attributesOfFile(manifest, file));
    if (lstat(path.toBytes())?.sizeBytes !== at(manifest.fileSizes, file)) throw incomplete(path);
    if (isAdopted && sharing[file] === Sharing.SHARED) {
      adoptWrittenFile(cache.objects, manifest, file, path);
    }
  }
  return written.length;
}

function pathOf(staging: ByteString, manifest: Manifest, file: number): ByteString {
  return (manifest.counts.isSingleFile ? staging : `${staging}/${manifest.filePath(file)}`) as ByteString;
}

function incomplete(path: PathBuffer): BtdtError {
  const name = display(path.toBytes());
  return new BtdtError("SYSTEM", `${name} does not have the size that was written`, { path: name });
}
