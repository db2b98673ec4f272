import { mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { snapshotTree } from "../support/compare-trees.ts";
import { must } from "../support/executable.ts";
import { type Base, makeBase } from "./base.ts";
import { type Selection, selectFaults } from "./matrix.ts";
import { Place } from "./place.ts";
import { type Played, playWithFault, playWithShortIo } from "./play.ts";
import type { Scenario } from "./scenario.ts";
import { listCalls, runIn } from "./traced-run.ts";

/** Enough room for one place per processor. */
const ROOM_BYTES = 2 * 1024 ** 3;

/** Where scenarios are played: each time in a copy of the same place, on all processors at once. */
export class Stage {
  readonly #scratch = mkdtempSync(join(findScratch(), "btdt-faults-"));
  readonly #first = Place.make(join(this.#scratch, "base"));
  readonly #base: Base = makeBase(this.#first);
  readonly #processors = allowedProcessors();
  #placeCount = 0;
  #shortIo: string | undefined;

  /** Plays a scenario with each of the selected faults. */
  async play(scenario: Scenario, selection: Selection, onPlayed: (played: Played) => void): Promise<void> {
    const { original, base } = await this.#prepare(scenario);
    const faults = selectFaults(await this.#trace(scenario, original), selection);
    const playAll = async (processor: number): Promise<void> => {
      for (let fault = faults.shift(); fault !== undefined; fault = faults.shift()) {
        const place = await original.copyTo(this.#freshPath());
        onPlayed(await playWithFault({ scenario, base, original, place, processor }, fault));
        place.remove();
      }
    };
    await Promise.all(this.#processors.map(playAll));
    original.remove();
  }

  /** Plays a scenario once with short reads and writes only; returns what is wrong. */
  async playShort(scenario: Scenario): Promise<string[]> {
    this.#shortIo ??= compileShortIo(this.#scratch);
    const { original, base } = await this.#prepare(scenario);
    const place = await original.copyTo(this.#freshPath());
    const play = { scenario, base, original, place, processor: this.#processors[0] ?? 0 };
    const problems = await playWithShortIo(play, this.#shortIo);
    for (const each of [original, place]) each.remove();
    return problems;
  }

  async #prepare(scenario: Scenario): Promise<{ original: Place; base: Base }> {
    const original = await this.#first.copyTo(this.#freshPath());
    scenario.prepare?.(original);
    const snapshots = new Map(this.#base.snapshots);
    for (const name of scenario.trees ?? []) snapshots.set(name, snapshotTree(original.tree(name)));
    return { original, base: { snapshots, keys: new Map([...this.#base.keys, ...(scenario.keys ?? [])]) } };
  }

  async #trace(scenario: Scenario, original: Place) {
    const place = await original.copyTo(this.#freshPath());
    const { finished, calls } = await listCalls(runIn(place, scenario, this.#processors[0] ?? 0));
    place.remove();
    if (finished.exitCode === scenario.exitCode) return calls;
    throw new Error(`undisturbed, ${scenario.name} ends with ${finished.exitCode}: ${finished.stderr}`);
  }

  #freshPath(): string {
    this.#placeCount += 1;
    return join(this.#scratch, `place-${this.#placeCount}`);
  }

  close(): void {
    rmSync(this.#scratch, { recursive: true });
  }
}

function compileShortIo(directory: string): string {
  const program = join(directory, "short-io");
  must(["cc", "-O1", "-o", program, join(import.meta.dir, "short-io.c")]);
  return program;
}

/** In memory, if there is room: on a disk, cases would wait for each other's flushes. */
function findScratch(): string {
  try {
    const { bavail, bsize } = statfsSync("/dev/shm");
    return bavail * bsize > ROOM_BYTES ? "/dev/shm" : tmpdir();
  } catch {
    return tmpdir();
  }
}

function allowedProcessors(): number[] {
  const status = readFileSync("/proc/self/status", "utf8");
  const [, list = "0"] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status) ?? [];
  return list.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
