import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { differences, snapshotTree } from "../support/compare-trees.ts";
import { must } from "../support/executable.ts";
import { Alterations } from "./alterations.ts";
import type { Ended } from "./btdt-process.ts";
import { Edits } from "./edits.ts";
import { type Interval, Ledger } from "./ledger.ts";
import { expectedSnapshot, groupOf, type TreeId } from "./sample-tree.ts";

/** What may happen to the keys, by the part of their names up to the `-`. */
export const GROUPS = {
  /** Stored once. Each restore is a hit, although files of restored trees get other modes and times. */
  pinned: ["pinned-objects", "pinned-packs", "pinned-pair"],
  /** Replaced and deleted. */
  changing: ["changing-1", "changing-2", "changing-3", "changing-4", "changing-5", "changing-pair"],
  /** Replaced, and restored files are edited in place, which costs misses. */
  edited: ["edited-1", "edited-2", "edited-pair"],
  /** Archives of changing keys. */
  imported: ["imported-1", "imported-2"],
} as const;

export function partCount(key: string): number {
  return key.endsWith("-pair") ? 2 : 1;
}

/**
 * A staging directory that is being made, or was when its process was killed: nobody can tell, so it stays for ten
 * minutes, and even `--exact` leaves it alone (docs/concurrency.md).
 */
const BEING_MADE = /^\.btdt-restore-[0-9a-f-]{36}\.new(?:\/lock)?$/;

/** What all actors share: the cache, the record of what was done, and the problems found. */
export class World {
  readonly root = mkdtempSync(join(tmpdir(), "btdt-stress-"));
  readonly cache = join(this.root, "cache");
  /** On another file system than the cache, if there is one. */
  readonly other: string | undefined;
  readonly ledger = new Ledger();
  readonly edits = new Edits();
  readonly alterations = new Alterations();
  readonly violations: string[] = [];
  readonly counts = new Map<string, number>();
  readonly #typicalMs = new Map<string, number>();

  constructor() {
    mkdirSync(this.cache);
    this.other = otherFileSystem(this.root);
  }

  remove(): void {
    for (const path of [this.root, this.other].filter((each) => each !== undefined)) {
      must(["chmod", "-R", "u+rwX", path]);
      must(["rm", "-rf", path]);
    }
  }

  /** How long a command takes on this machine at the moment, among all the others. */
  typicalMs(command: string): number {
    return this.#typicalMs.get(command) ?? 200;
  }

  noteDuration(command: string, durationMs: number): void {
    this.#typicalMs.set(command, 0.8 * this.typicalMs(command) + 0.2 * durationMs);
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  report(ended: Ended, problem: string): void {
    const stderr = ended.stderr.trim().slice(0, 1000);
    this.violations.push(
      `${problem}\n  btdt ${ended.words.join(" ")}\n  exit ${ended.exitCode} after ${Math.round(ended.endedMs - ended.begunMs)} ms: ${stderr}`,
    );
  }

  /** What must hold for every process. */
  checkEnd(ended: Ended, allowed: readonly number[]): void {
    if (ended.isHung) this.report(ended, "it hangs");
    if (ended.stderr.includes("this is a bug in btdt")) this.report(ended, "an internal error");
    if (!ended.wasSignalled && !allowed.includes(ended.exitCode))
      this.report(ended, "an unexpected exit status");
  }

  /** A clean without limits evicts an entry only because of damage, and nothing damages these. */
  checkClean(ended: Ended): void {
    this.checkEnd(ended, [0]);
    if (/^Removed .*(pinned|changing|imported)-/m.test(ended.stdout))
      this.report({ ...ended, stderr: ended.stdout + ended.stderr }, "a clean evicted what is sound");
  }

  /** Compares a restored tree with what was stored under the key, and reports differences. */
  checkTree(key: string, part: number, path: string, ended: Ended, isNew: boolean): void {
    const problem = this.#problemOf(key, part, path, ended, isNew);
    if (problem !== undefined) this.report(ended, `${path} is not what was stored under ${key}: ${problem}`);
  }

  #problemOf(key: string, part: number, path: string, restore: Interval, isNew: boolean): string | undefined {
    if (!lstatSync(path).isDirectory() || !existsSync(join(path, "id"))) return "it has no id";
    const id = JSON.parse(readFileSync(join(path, "id"), "utf8")) as TreeId;
    const isImported = groupOf(key) === "imported";
    const isOfKey = isImported ? groupOf(id.key) === "changing" : id.key === key && id.part === part;
    if (!isOfKey) return `it is ${JSON.stringify(id)}`;
    if (!isImported && !this.ledger.mayGive(key, id.version, restore))
      return `version ${id.version} was not to be had then`;
    const snapshot = snapshotTree(path, { withRoot: isNew && !isImported });
    const actual = new Map([...snapshot].filter(([name]) => !BEING_MADE.test(name)));
    const expected = new Map(expectedSnapshot(id));
    if (!actual.has(".")) expected.delete(".");
    const unexplained = [...new Set([...expected.keys(), ...actual.keys()])].filter((name) => {
      const found = actual.get(name);
      if (expected.get(name) === found) return false;
      if (found?.startsWith("file") !== true) return true;
      const file = join(path, name);
      return !(
        this.edits.explain(file, restore.begunMs) ||
        this.alterations.explain(file, expected.get(name), found, restore.begunMs)
      );
    });
    if (unexplained.length === 0) return undefined;
    return differences(expected, actual).slice(0, 5).join("; ");
  }
}

function otherFileSystem(root: string): string | undefined {
  const shared = "/dev/shm";
  if (!existsSync(shared) || statSync(shared).dev === statSync(root).dev) return undefined;
  return mkdtempSync(join(shared, "btdt-stress-"));
}
