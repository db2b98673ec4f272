/**
 * Clients store, restore, delete and clean in one bucket at once, some with a local cache, and are killed at any
 * moment. Every tree that a restore leaves is compared with what was stored, and no key may be anything but whole or a
 * miss.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { differences, snapshotTree } from "../support/compare-trees.ts";
import { Random } from "../support/random.ts";
import { makeTree } from "../support/tree.ts";
import { type Ended, type Interference, runBtdt } from "./btdt-process.ts";
import { expectedSnapshot, sampleTree, type TreeId } from "./sample-tree.ts";
import type { StressResult } from "./stress.ts";

const CLIENTS = 20;
const KEYS = ["web-1", "web-2", "web-3", "api-1", "api-2"];
/** Between two days, nothing runs: clocks of machines do not jump. */
const DAY_MS = 10_000;
const ACTIONS = { store: 5, restore: 8, clean: 1, delete: 1, verify: 0.5 };

export interface StressedBucket {
  /** With a prefix that has nothing in it. */
  readonly address: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Lets more than a day pass for the server; undefined if that is not possible. */
  readonly passDay?: () => void;
}

interface StoredVersion extends TreeId {
  readonly begunMs: number;
  /** Infinity until it has ended, or if it is not known whether it has taken effect. */
  endedMs: number;
}

export async function stressBucket(
  bucket: StressedBucket,
  seed: string,
  durationMs: number,
): Promise<StressResult> {
  const world = new BucketWorld(bucket);
  const clients = Array.from({ length: CLIENTS }, (_, index) => new Random(`${seed} ${index}`));
  try {
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs && world.violations.length === 0) {
      const dayEndMs = Math.min(endMs, performance.now() + DAY_MS);
      const work = clients.map(async (random, index) => {
        while (performance.now() < dayEndMs && world.violations.length === 0) await world.act(random, index);
      });
      await Promise.all(work);
      bucket.passDay?.();
    }
    await world.checkAtTheEnd();
    return { violations: world.violations, counts: world.counts };
  } finally {
    world.remove();
  }
}

class BucketWorld {
  readonly violations: string[] = [];
  readonly counts = new Map<string, number>();
  readonly #bucket: StressedBucket;
  readonly #root = mkdtempSync(join(tmpdir(), "btdt-stress-bucket-"));
  readonly #versions: StoredVersion[] = [];
  #count = 0;

  constructor(bucket: StressedBucket) {
    this.#bucket = bucket;
  }

  async act(random: Random, client: number): Promise<void> {
    const key = random.pick(KEYS);
    const interference: Interference = random.isLucky(0.25)
      ? { kind: "signal", signal: random.pick(["SIGKILL", "SIGINT"]), afterMs: random.below(600) }
      : { kind: "none" };
    // A local cache is shared by some clients.
    const near = client % 3 === 0 ? [] : ["--local-cache", join(this.#root, `near-${client % 3}`)];
    switch (random.pickWeighted(ACTIONS)) {
      case "store":
        return await this.#store(key, near, interference);
      case "restore":
        return await this.#restore(key, near, interference);
      case "clean":
        this.#expect(await this.#run(["clean", "--max-size", "10MB"], interference), [0]);
        return;
      case "delete":
        this.#expect(await this.#run(["delete", key], interference), [0, 4]);
        return;
      case "verify":
        this.#expect(await this.#run(["verify"], interference), [0]);
    }
  }

  async checkAtTheEnd(): Promise<void> {
    for (let day = 0; day < 3; day++) {
      for (const key of KEYS) await this.#restore(key, [], { kind: "none" });
      this.#expect(await this.#run(["verify"]), [0]);
      this.#expect(await this.#run(["clean"]), [0]);
      this.#bucket.passDay?.();
    }
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  async #store(key: string, near: readonly string[], interference: Interference): Promise<void> {
    const version = this.#versions.length;
    const stored: StoredVersion = { key, version, part: 0, begunMs: performance.now(), endedMs: Infinity };
    this.#versions.push(stored);
    const tree = this.#freshPath();
    makeTree(tree, sampleTree({ key, version, part: 0 }));
    for (const option of near) if (!option.startsWith("--")) mkdirSync(option, { recursive: true });
    const ended = await this.#run(["store", "--keys", key, ...near, tree], interference);
    if (ended.exitCode === 0) stored.endedMs = ended.endedMs;
    this.#expect(ended, [0]);
    rmSync(tree, { recursive: true });
  }

  async #restore(key: string, near: readonly string[], interference: Interference): Promise<void> {
    const to = this.#freshPath();
    for (const option of near) if (!option.startsWith("--")) mkdirSync(option, { recursive: true });
    const ended = await this.#run(["restore", "--keys", key, ...near, to], interference);
    this.#expect(ended, [0, 4]);
    if (ended.stderr.includes("cannot be used"))
      this.#report(ended, "found a key that is neither whole nor a miss");
    if (ended.exitCode === 0) this.#check(ended, key, to);
    rmSync(to, { recursive: true, force: true });
  }

  #check(ended: Ended, key: string, to: string): void {
    const id = JSON.parse(readFileSync(join(to, "id"), "utf8")) as TreeId;
    const stored = this.#versions[id.version];
    const wrong = differences(expectedSnapshot(id), snapshotTree(to));
    if (wrong.length > 0) this.#report(ended, `restored a wrong tree: ${wrong.slice(0, 3).join("; ")}`);
    if (stored === undefined || id.key !== key || stored.begunMs > ended.endedMs)
      return this.#report(ended, `restored ${JSON.stringify(id)}, which was not stored under ${key}`);
    const newer = this.#versions.find(
      (other) => other.key === key && other.begunMs > stored.endedMs && other.endedMs < ended.begunMs,
    );
    if (newer !== undefined)
      this.#report(ended, `restored version ${id.version}, which ${newer.version} had replaced`);
  }

  #expect(ended: Ended, codes: readonly number[]): void {
    if (ended.isHung) this.#report(ended, "hung");
    else if (!ended.wasSignalled && !codes.includes(ended.exitCode))
      this.#report(ended, `ended with ${ended.exitCode}`);
  }

  #report({ words, stderr }: Ended, what: string): void {
    this.violations.push(`btdt ${words.join(" ")} ${what}\n${stderr}`);
  }

  async #run([command = "", ...rest]: readonly string[], interference?: Interference): Promise<Ended> {
    const words = [command, "--cache", this.#bucket.address, ...rest];
    const ended = await runBtdt(words, {
      env: this.#bucket.variables,
      ...(interference === undefined ? {} : { interference }),
    });
    for (const what of [command, `${command} ended with ${ended.exitCode}`])
      this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    return ended;
  }

  #freshPath(): string {
    this.#count += 1;
    return join(this.#root, `tree-${this.#count}`);
  }
}
