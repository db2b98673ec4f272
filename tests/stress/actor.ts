import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../support/random.ts";
import { makeTree } from "../support/tree.ts";
import { type Ended, type Interference, type ProcessOptions, runBtdt } from "./btdt-process.ts";
import { groupOf, sampleTree } from "./sample-tree.ts";
import { GROUPS, partCount, type World } from "./world.ts";

const WEIGHTS = {
  store: 24,
  restore: 30,
  restoreAgain: 12,
  restorePinned: 6,
  clean: 6,
  delete: 4,
  exportAndImport: 6,
  edit: 8,
  alter: 8,
  look: 3,
  verify: 2,
} as const;

/** Commands that read all that the cache has, or only its keys. */
const LOOKS = [["list"], ["list", "--sizes"], ["stats"]] as const;

const REPLACED = [...GROUPS.changing, ...GROUPS.edited];
const ALL = [...GROUPS.pinned, ...REPLACED, ...GROUPS.imported];

/** Uses the cache like a pipeline: one command after another, in its own directories. */
export class Actor {
  readonly #world: World;
  readonly #random: Random;
  readonly #commands: ReadonlySet<string>;
  /** Where sources are, and trees are restored to: one directory on each file system. */
  readonly #places: readonly string[];
  /** Trees that were restored and still exist. */
  #kept: { readonly key: string; readonly paths: readonly string[]; isWhole: boolean }[] = [];
  #count = 0;

  constructor(world: World, name: string, random: Random, commands: ReadonlySet<string>) {
    this.#world = world;
    this.#random = random;
    this.#commands = commands;
    this.#places = [world.root, world.other]
      .filter((place) => place !== undefined)
      .map((place) => join(place, name));
    for (const place of this.#places) mkdirSync(place);
  }

  /** The directories below which this actor restored. */
  get places(): readonly string[] {
    return this.#places;
  }

  async act(): Promise<void> {
    const action = this.#random.pickWeighted(WEIGHTS);
    this.#world.count(action);
    switch (action) {
      case "store":
        return await this.store(this.#random.pick(REPLACED));
      case "restore":
        return await this.#restoreNew(this.#random.pick(ALL));
      case "restoreAgain":
        return await this.#restoreAgain();
      case "restorePinned":
        return await this.#restoreNew(this.#random.pick(GROUPS.pinned));
      case "clean":
        return this.#world.checkClean(await this.#run(["clean"]));
      case "delete":
        return await this.#delete(this.#random.pick(REPLACED));
      case "exportAndImport":
        return await this.#exportAndImport();
      case "edit":
        return this.#edit();
      case "alter":
        return this.#alter();
      case "look":
        return this.#world.checkEnd(await this.#run(this.#random.pick(LOOKS)), [0]);
      case "verify":
        // Whatever was edited is damaged, and is detected.
        if (this.#commands.has("verify")) this.#world.checkEnd(await this.#run(["verify"]), [0, 1]);
    }
  }

  /** @param options for stores that must be of one kind, and must succeed */
  async store(key: string, options?: readonly string[]): Promise<void> {
    const { ledger } = this.#world;
    const directory = this.#fresh("source");
    const parts = Array.from({ length: partCount(key) }, (_, part) => part);
    mkdirSync(directory);
    const begun = ledger.begin(key, performance.now());
    const sources = parts.map((part) => join(directory, `part${part}`));
    for (const part of parts)
      makeTree(sources[part] ?? "", sampleTree({ key, version: begun.version, part }));
    const storage = options ?? ["--storage", this.#random.pick(["auto", "objects", "packs"])];
    const words = ["store", "-k", key, ...storage];
    // Relative paths are recorded, so restores without destinations work as well.
    const process: ProcessOptions = options === undefined ? {} : { interference: { kind: "none" } };
    const ended = await this.#run([...words, ...parts.map((part) => `part${part}`)], {
      cwd: directory,
      ...process,
    });
    begun.end(ended.exitCode === 0, ended.endedMs);
    this.#world.checkEnd(ended, [0]);
    rmSync(directory, { recursive: true });
  }

  async #restoreNew(key: string): Promise<void> {
    const directory = this.#fresh("to");
    mkdirSync(directory);
    const paths = Array.from({ length: partCount(key) }, (_, part) => join(directory, `part${part}`));
    const link = this.#random.pick(["auto", "auto", "hard", "copy"]);
    const ended = await this.#run(["restore", "-k", key, "--link", link, ...paths]);
    this.#world.checkEnd(ended, [0, 4]);
    this.#checkRestored(key, paths, ended);
    if (ended.exitCode !== 0) rmSync(directory, { recursive: true });
    else this.#keep(key, paths);
  }

  #checkRestored(key: string, paths: readonly string[], ended: Ended): void {
    const world = this.#world;
    world.count(`restore ended with ${ended.exitCode}`);
    if (ended.exitCode === 4) this.#checkMiss(key, ended);
    for (const [part, path] of paths.entries()) {
      // Also after a signal: what exists is complete.
      if (existsSync(path)) {
        if (ended.exitCode === 4) world.report(ended, `${path} is there after a miss`);
        world.checkTree(key, part, path, ended, true);
      } else if (ended.exitCode === 0) world.report(ended, `${path} is not there`);
    }
  }

  #checkMiss(key: string, ended: Ended): void {
    const group = groupOf(key);
    if ((group === "pinned" || group === "changing") && !this.#world.ledger.mayMiss(key, ended))
      this.#world.report(ended, `${key} was stored, not deleted, and is a miss`);
  }

  /** Into an existing tree, which may have been edited, or left unfinished by a killed restore. */
  async #restoreAgain(): Promise<void> {
    const kept = this.#kept.shift();
    if (kept === undefined) return;
    const key = this.#random.isLucky(0.7) ? kept.key : this.#random.pick(ALL);
    if (partCount(key) !== kept.paths.length) return void this.#kept.push(kept);
    const ended = await this.#run(["restore", "-k", key, "--exact", ...kept.paths]);
    this.#world.checkEnd(ended, [0, 4]);
    this.#world.count(`restore over a tree ended with ${ended.exitCode}`);
    if (ended.exitCode === 4) this.#checkMiss(key, ended);
    if (ended.exitCode === 0)
      for (const [part, path] of kept.paths.entries()) this.#world.checkTree(key, part, path, ended, false);
    this.#kept.push({ key, paths: kept.paths, isWhole: ended.exitCode === 0 });
  }

  #keep(key: string, paths: readonly string[]): void {
    this.#kept.push({ key, paths, isWhole: true });
    const oldest = this.#kept.length > 3 ? this.#kept.shift() : undefined;
    for (const path of oldest?.paths ?? []) rmSync(path, { recursive: true, force: true });
  }

  #edit(): void {
    const path = this.#pickFile("edited");
    if (path !== undefined) this.#world.edits.edit(path, this.#random.isLucky(0.5));
  }

  #alter(): void {
    const path = this.#pickFile("pinned");
    if (path === undefined) return;
    this.#world.alterations.alter(path, this.#random.isLucky(0.5), this.#random.below(2_000_000_000));
  }

  /** A file of a restored tree of one of these keys. */
  #pickFile(group: keyof typeof GROUPS): string | undefined {
    const kept = this.#kept.find(({ key, isWhole }) => isWhole && groupOf(key) === group);
    if (kept === undefined) return undefined;
    const path = this.#random.pick(kept.paths);
    const names = readdirSync(path, { recursive: true }).map(String);
    const files = names.filter(
      (name) => name !== "id" && name !== "empty" && lstatSync(join(path, name)).isFile(),
    );
    return join(path, this.#random.pick(files));
  }

  async #delete(key: string): Promise<void> {
    const end = this.#world.ledger.beginDeletion(key, performance.now());
    const ended = await this.#run(["delete", key]);
    end(ended.endedMs);
    this.#world.checkEnd(ended, [0, 4]);
  }

  async #exportAndImport(): Promise<void> {
    const archive = this.#fresh("archive");
    const key = this.#random.pick(GROUPS.changing.filter((each) => partCount(each) === 1));
    const format = this.#random.pick(["tar", "tar.gz"]);
    const options = { stdoutPath: archive, interference: { kind: "none" } } as const;
    const exported = await this.#run(["export", "-k", key, "--format", format], options);
    // If an entry is replaced while it is exported, the archive is incomplete, and export says so.
    this.#world.checkEnd(exported, [0, 1, 4]);
    if (exported.exitCode === 0) {
      const storage = this.#random.pick(["objects", "packs"]);
      const into = this.#random.pick(GROUPS.imported);
      this.#world.checkEnd(await this.#run(["import", "-k", into, "--storage", storage, archive]), [0]);
    }
    rmSync(archive, { force: true });
  }

  #fresh(name: string): string {
    this.#count += 1;
    return join(this.#random.pick(this.#places), `${name}-${this.#count}`);
  }

  async #run([command = "", ...words]: readonly string[], options: ProcessOptions = {}): Promise<Ended> {
    const interference = options.interference ?? this.#interfere(this.#world.typicalMs(command));
    this.#world.count(interference.kind === "signal" ? interference.signal : interference.kind);
    const ended = await runBtdt([command, "-c", this.#world.cache, ...words], { ...options, interference });
    if (interference.kind === "none") this.#world.noteDuration(command, ended.endedMs - ended.begunMs);
    return ended;
  }

  /** At any moment of the process's expected duration, or a little later. */
  #interfere(typicalMs: number): Interference {
    const afterMs = this.#random.below(1.2 * typicalMs);
    const kinds = { none: 60, SIGKILL: 16, SIGINT: 6, SIGTERM: 4, pause: 14 } as const;
    const kind = this.#random.pickWeighted(kinds);
    switch (kind) {
      case "none":
        return { kind };
      case "pause":
        return { kind, afterMs, forMs: 20 + this.#random.below(600) };
      default:
        return { kind: "signal", signal: kind, afterMs };
    }
  }
}
