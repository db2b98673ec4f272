import { type ByteString, joinBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { isStagingName } from "../base/staging-name.ts";
import { errnoOf } from "../fs/errno.ts";
import { type FileKind, type FileStatus, isSameFile } from "../fs/native/file-status.ts";
import type { Job, Runners } from "../work/job.ts";
import { createStopCheck } from "../work/stop-check.ts";
import { listChildren, lstatSource, readSymlink, type WalkedSymlink } from "./examine-source.ts";
import { excludesDirectory, type Rules } from "./ignore-rules.ts";
import type { ExaminedDirectory, WalkOptions } from "./walk-tree.ts";

interface ListDirectoriesInput {
  readonly root: ByteString;
  /** Relative to it. */
  readonly paths: readonly ByteString[];
}

/** One that was found, in a form that can be sent between threads. */
interface SentDirectory {
  readonly status: FileStatus;
  readonly names: readonly ByteString[];
  /** Of the names, in the same order. */
  readonly kinds: readonly FileKind[];
  readonly symlinks: readonly WalkedSymlink[];
}

/** For as many of the paths as it got to; undefined for what could not be read. */
type ListedDirectories = readonly (SentDirectory | undefined)[];

/** Looks at directories, their children and symlinks. @throws BtdtError CANCELLED */
export const listDirectoriesJob: Job<ListDirectoriesInput, ListedDirectories> = {
  name: "list-directories",
  run({ root, paths }, context) {
    const hasEnough = createStopCheck(context, "stopped before all directories were listed");
    const listed: (SentDirectory | undefined)[] = [];
    for (const path of paths) {
      if (hasEnough() && listed.length > 0) break;
      listed.push(orUndefined(() => examineDirectory(locate(root, path), hasEnough)));
    }
    return listed;
  },
};

/** Once time is up, what is left of its symlinks is left to the walk. */
function examineDirectory(directory: ByteString, hasEnough: () => boolean): SentDirectory {
  const status = lstatSource(directory);
  const children = listChildren(directory);
  const { names } = children;
  const kinds = names.map((_, position) => children.kindAt(position));
  const symlinks: WalkedSymlink[] = [];
  for (const [position, name] of names.entries()) {
    if (kinds[position] !== "symlink") continue;
    if (hasEnough()) break;
    const symlink = orUndefined(() => readSymlink(directory, name));
    if (symlink !== undefined) symlinks.push(symlink);
  }
  return { status, names, kinds, symlinks };
}

function locate(root: ByteString, path: ByteString): ByteString {
  return path === "" ? root : joinBytes(root, path);
}

/** What fails here, the walk tries again, unless it is excluded, and reports. */
function orUndefined<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof BtdtError ? error.code === "CANCELLED" : errnoOf(error) === undefined) throw error;
    return undefined;
  }
}

const TOP = "" as ByteString;

/** From this many for each thread on, a job gets several. */
const WAITING_PER_THREAD = 2;
const MOST_PER_JOB = 16;

/**
 * Reads the directories of a tree in threads, before it is walked: where each takes long, a walk that reads one after
 * the other would keep threads that hash its files waiting. What is excluded is not entered.
 * @throws BtdtError CANCELLED
 */
export async function listAhead(
  root: ByteString,
  { ignoreRules, skipped, excludedDirectory }: WalkOptions,
  { inline, pool }: Runners,
): Promise<ReadonlyMap<ByteString, ExaminedDirectory>> {
  const found = new Map<ByteString, ExaminedDirectory>();
  let waitingCount = 0;

  const listAll = async (paths: readonly ByteString[], rules: Rules | undefined): Promise<void> => {
    const isBusy = waitingCount + paths.length > pool.parallelism * WAITING_PER_THREAD;
    const size = isBusy ? MOST_PER_JOB : 1;
    const parts: Promise<void>[] = [];
    for (let start = 0; start < paths.length; start += size) {
      parts.push(list(paths.slice(start, start + size), rules));
    }
    await Promise.all(parts);
  };
  const list = async (paths: readonly ByteString[], rules: Rules | undefined): Promise<void> => {
    waitingCount += paths.length;
    const listed = await pool.run(listDirectoriesJob, { root, paths }).finally(() => {
      waitingCount -= paths.length;
    });
    await Promise.all([
      ...listed.map((directory, position) => enter(paths[position] as ByteString, directory, rules)),
      listAll(paths.slice(listed.length), rules),
    ]);
  };
  const enter = async (
    path: ByteString,
    directory: SentDirectory | undefined,
    above: Rules | undefined,
  ): Promise<void> => {
    if (directory === undefined) return;
    const { status, names, kinds, symlinks } = directory;
    const children = { names, kindAt: (position: number) => kinds[position] ?? "other" };
    found.set(path, { status, children, symlinks: new Map(symlinks.map((each) => [each.name, each])) });
    if (excludedDirectory !== undefined && isSameFile(excludedDirectory, status)) return;
    const rules = orUndefined(() => ({ in: ignoreRules.rulesIn(above, path, locate(root, path), names) }));
    // The walk will fail as well.
    if (rules === undefined) return;
    const inner = names.flatMap((name, position) => {
      if (kinds[position] !== "directory" || isStagingName(name)) return [];
      const child = joinBytes(path, name);
      return skipped?.has(child) === true || excludesDirectory(rules.in, child) ? [] : [child];
    });
    await listAll(inner, rules.in);
  };

  // It may be all there is: not worth a thread.
  const [top] = await inline.run(listDirectoriesJob, { root, paths: [TOP] });
  await enter(TOP, top, ignoreRules.outermost);
  return found;
}
