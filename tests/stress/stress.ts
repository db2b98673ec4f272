/**
 * Dozens of processes use one cache at once, and are killed, stopped and interrupted at any moment; every tree that a
 * restore leaves is compared with what was stored.
 */
import { btdt } from "../support/executable.ts";
import { Random } from "../support/random.ts";
import { Actor } from "./actor.ts";
import { checkAtTheEnd } from "./final-checks.ts";
import { GROUPS, World } from "./world.ts";

const ACTORS = 24;
/** Enough to see what is wrong. */
const MOST_VIOLATIONS = 20;

export interface StressResult {
  readonly violations: readonly string[];
  /** How often each thing was done. */
  readonly counts: ReadonlyMap<string, number>;
}

/** The same seed makes the same choices; the order of the processes is up to the machine. */
export async function stress(seed: string, durationMs: number): Promise<StressResult> {
  const world = new World();
  try {
    const help = btdt(["--help"]).stdout;
    const commands = new Set([...help.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = ""]) => name));
    const actors = Array.from({ length: ACTORS }, (_, index) => {
      return new Actor(world, `actor${index}`, new Random(`${seed} ${index}`), commands);
    });
    const [first] = actors;
    for (const key of GROUPS.pinned)
      await first?.store(key, ["--storage", key.endsWith("-packs") ? "packs" : "objects"]);
    const endMs = performance.now() + durationMs;
    await Promise.all(
      actors.map(async (actor) => {
        while (performance.now() < endMs && world.violations.length < MOST_VIOLATIONS) await actor.act();
      }),
    );
    await checkAtTheEnd(
      world,
      actors.flatMap(({ places }) => places),
    );
    world.counts.set("edits", world.edits.count);
    world.counts.set("alterations", world.alterations.count);
    return { violations: world.violations, counts: world.counts };
  } finally {
    world.remove();
  }
}
