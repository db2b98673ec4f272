import { expect, test } from "bun:test";
import { decideFate, mayPublish } from "../../src/far/protocol.ts";
import { Random } from "../support/random.ts";

/**
 * A model of stores and cleans that share a bucket: each step is one request, and between any two the clock may jump,
 * or the process die. A key must never name a pack that is gone.
 */
interface Rules {
  readonly seesMarks: boolean;
  readonly beginsAgain: boolean;
  readonly takesMarksBack: boolean;
  readonly condemns: boolean;
}

const SOUND: Rules = { seesMarks: true, beginsAgain: true, takesMarksBack: false, condemns: true };
const HOUR_MS = 60 * 60 * 1000;
const STEPS = 1500;
const SCHEDULES = Number(process.env["BTDT_TEST_SCHEDULES"] ?? 1000);

interface Bucket {
  nowMs: number;
  made: number;
  readonly packs: Map<number, number>;
  readonly marks: Map<number, number>;
  readonly keys: Map<number, { readonly version: number; readonly packs: readonly number[] }>;
}

function* store(bucket: Bucket, rules: Rules, random: Random): Generator<void> {
  for (;;) {
    const beginMs = bucket.nowMs;
    const nearest = bucket.keys.get(random.below(4))?.packs ?? [];
    yield;
    const unmarked = nearest.filter((pack) => !rules.seesMarks || !bucket.marks.has(pack));
    yield;
    const held = unmarked.filter((pack) => bucket.packs.has(pack) && random.below(4) > 0);
    yield;
    const own = bucket.made++;
    bucket.packs.set(own, bucket.nowMs);
    yield;
    if (rules.beginsAgain && !mayPublish(bucket.nowMs - beginMs)) continue;
    bucket.keys.set(random.below(4), { version: bucket.made++, packs: [own, ...held] });
    return;
  }
}

function* clean(bucket: Bucket, rules: Rules, random: Random): Generator<void> {
  const packs = new Map(bucket.packs);
  yield;
  const marks = new Map(bucket.marks);
  yield;
  const { nowMs } = bucket;
  const keys = new Map(bucket.keys);
  const evicted = [...keys.keys()].filter(() => random.below(3) === 0);
  yield;
  const again = new Map(bucket.keys);
  yield;
  for (const key of evicted) {
    if (again.get(key)?.version !== keys.get(key)?.version) continue;
    bucket.keys.delete(key);
    keys.delete(key);
  }
  const needed = new Set([...keys.values()].flatMap((key) => key.packs));
  for (const [pack, modifiedMs] of packs) {
    const markMs = rules.condemns ? marks.get(pack) : modifiedMs;
    const mark = markMs === undefined ? undefined : { modifiedMs: markMs };
    yield;
    switch (decideFate({ modifiedMs }, mark, needed.has(pack), nowMs)) {
      case "to-condemn":
        bucket.marks.set(pack, bucket.nowMs);
        break;
      case "to-delete":
        bucket.packs.delete(pack);
        yield;
        bucket.marks.delete(pack);
        break;
      case "kept":
        if (rules.takesMarksBack) bucket.marks.delete(pack);
        break;
      case "young":
      case "condemned":
        break;
    }
  }
}

/** Whether any key was broken. */
function breaks(rules: Rules, seed: string): boolean {
  const random = new Random(seed);
  const bucket: Bucket = { nowMs: 0, made: 0, packs: new Map(), marks: new Map(), keys: new Map() };
  const processes: Generator<void>[] = [];
  for (let step = 0; step < STEPS; step++) {
    if (processes.length < 5 && random.below(3) === 0) {
      processes.push(random.below(2) === 0 ? store(bucket, rules, random) : clean(bucket, rules, random));
    }
    // Mostly minutes, sometimes longer than any period of grace.
    bucket.nowMs += random.fraction() * (random.below(12) === 0 ? 30 : 0.5) * HOUR_MS;
    const index = random.below(processes.length);
    const isOver = processes[index]?.next().done === true;
    if (isOver || random.below(100) === 0) processes.splice(index, 1);
    for (const { packs } of bucket.keys.values())
      if (packs.some((pack) => !bucket.packs.has(pack))) return true;
  }
  return false;
}

test("no key ever needs a pack that a clean has deleted", () => {
  const broken = Array.from({ length: SCHEDULES }, (_, seed) => `sound ${seed}`).filter((seed) =>
    breaks(SOUND, seed),
  );
  expect(broken).toEqual([]);
});

const MUTANTS: Readonly<Record<string, Partial<Rules>>> = {
  "stores that do not look at marks": { seesMarks: false },
  "stores that publish however late": { beginsAgain: false },
  "cleans that take marks back": { takesMarksBack: true },
  "cleans that go by age alone": { condemns: false },
};
for (const [name, mutation] of Object.entries(MUTANTS)) {
  test(`the model finds ${name}`, () => {
    const rules = { ...SOUND, ...mutation };
    const seeds = Array.from({ length: 20_000 }, (_, seed) => `mutant ${seed}`);
    expect(seeds.find((seed) => breaks(rules, seed))).toBeString();
  });
}
