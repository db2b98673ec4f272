import type { Finished } from "../support/executable.ts";
import type { Base } from "./base.ts";
import {
  checkEnd,
  checkKeys,
  checkLeftOver,
  checkSources,
  cleanCache,
  promisesAfter,
  promisesOf,
} from "./examine.ts";
import { describeFault, type Fault } from "./fault.ts";
import type { Place } from "./place.ts";
import type { Scenario } from "./scenario.ts";
import { runIn, runPlainly, runWithFault, runWithShortIo } from "./traced-run.ts";

/** A scenario in its own place. */
export interface Play {
  readonly scenario: Scenario;
  readonly base: Base;
  /** The place before the command. */
  readonly original: Place;
  readonly place: Place;
  readonly processor: number;
}

export interface Played {
  /** False if the call was not made: then there is nothing to check. */
  readonly isHit: boolean;
  /** Each thing that is wrong, as a line. */
  readonly problems: readonly string[];
  /** What was done and what happened, for finding out why. */
  readonly report: string;
}

/**
 * Runs the command with a fault, checks everything that may have been harmed, runs it again, cleans, and checks
 * again.
 */
export async function playWithFault(play: Play, fault: Fault): Promise<Played> {
  const { scenario, place, processor } = play;
  const run = runIn(place, scenario, processor);
  const { finished, hit } = await runWithFault(run, fault);
  if (hit === undefined) return { isHit: false, problems: [], report: `${scenario.name}: not hit` };
  const problems = await checkAfter(play, finished);
  problems.push(...(await checkRepeated(play, await runPlainly(run))));
  const report = [
    `${scenario.name}: ${describeFault(fault)}`,
    `  ${hit}`,
    `  ended with ${finished.exitCode}: ${finished.stderr.trim()}`,
  ].join("\n");
  return { isHit: true, problems, report };
}

/** Short reads and writes are not failures: the command must succeed. Returns what is wrong. */
export async function playWithShortIo(play: Play, shortIo: string): Promise<string[]> {
  const { scenario, place, processor } = play;
  const finished = await runWithShortIo(runIn(place, scenario, processor), shortIo);
  const problems = await checkAfter(play, finished);
  if (finished.exitCode !== scenario.exitCode)
    problems.push(`it ends with ${finished.exitCode}: ${finished.stderr}`);
  return problems;
}

async function checkAfter(
  { scenario, place, base, original, processor }: Play,
  finished: Finished,
): Promise<string[]> {
  const isDone =
    finished.exitCode === 0 &&
    !/^btdt: warning: (?:nothing was stored|running without the cache|cannot tell what|no contents are deleted)/m.test(
      finished.stderr,
    );
  const promises = promisesAfter(scenario, base, isDone);
  return [
    ...checkEnd(finished),
    ...(scenario.check?.(place, finished, base, original) ?? []),
    ...(await checkKeys(place, promises, processor)),
    ...checkSources(place, base),
  ];
}

/** The next run works, nothing sound is lost, and nothing is left behind. */
async function checkRepeated(
  { scenario, place, base, original, processor }: Play,
  finished: Finished,
): Promise<string[]> {
  const problems = (scenario.check?.(place, finished, base, original) ?? []).map(
    (line) => `run again: ${line}`,
  );
  if (finished.exitCode !== scenario.exitCode && finished.exitCode !== scenario.exitCodeAgain) {
    problems.push(`run again, it ends with ${finished.exitCode}: ${finished.stderr.trim()}`);
  }
  problems.push(...(await cleanCache(place, processor)));
  const lost = await checkKeys(place, promisesOf(scenario, base, true), processor);
  return [...problems, ...lost.map((line) => `after a clean: ${line}`), ...checkLeftOver(place)];
}
