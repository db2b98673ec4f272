import { existsSync, readFileSync, rmSync } from "node:fs";
import { BTDT, exitCodeOf, type Finished } from "../support/executable.ts";
import type { Fault } from "./fault.ts";
import type { Area, Place } from "./place.ts";
import type { Scenario } from "./scenario.ts";

/** Ends a command that hangs. None takes a hundredth of this, unless the whole machine stands still for a while. */
const HANGS_AFTER_MS = 240_000;

/** One system call that a command made on its place. */
export interface TracedCall {
  readonly call: string;
  /** Among all calls of this name in its thread, from 1. */
  readonly ordinal: number;
  readonly area: Area;
}

export interface RunInPlace {
  readonly place: Place;
  readonly words: readonly string[];
  /** Where its standard output goes; otherwise it is returned. */
  readonly outputFile: string | undefined;
  /** With one processor btdt works in one thread. */
  readonly processor: number | undefined;
}

export function runIn(place: Place, scenario: Scenario, processor: number): RunInPlace {
  return {
    place,
    words: scenario.words(place),
    outputFile: scenario.outputFile?.(place),
    processor: scenario.usesThreads ? undefined : processor,
  };
}

/** Runs btdt as it is. */
export async function runPlainly(run: RunInPlace): Promise<Finished> {
  return await start(run, []);
}

/** Runs btdt such that no read or write in its place does more than half of what was requested. */
export async function runWithShortIo(run: RunInPlace, shortIo: string): Promise<Finished> {
  return await start(run, [shortIo, run.place.path]);
}

/** Runs btdt and lists the calls that touch its place. */
export async function listCalls(run: RunInPlace): Promise<{ finished: Finished; calls: TracedCall[] }> {
  const trace = `${run.place.path}.trace`;
  const tracer = ["strace", "-f", "-qq", "-y", "-s", "4096", "-o", trace, "-e", "trace=%file,%desc"];
  const finished = await start(run, tracer);
  const calls = callsIn(readFileSync(trace, "latin1"), run);
  rmSync(trace);
  return { finished, calls };
}

/**
 * Runs btdt while one of its calls fails, or two in a row; `hit` is the first as shown by strace, undefined if it was
 * never made, or if a call outside of the place, or of a process that btdt started, failed as well.
 */
export async function runWithFault(
  run: RunInPlace,
  fault: Fault,
): Promise<{ finished: Finished; hit: string | undefined }> {
  const trace = `${run.place.path}.trace`;
  const { call, what, ordinal, isRepeated } = fault;
  const inject = `inject=${call}:${what}:when=${ordinal}..${isRepeated ? ordinal + 1 : ordinal}`;
  const tracer = ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-o", trace];
  const finished = await start(run, [...tracer, "-e", `trace=execve,${call}`, "-e", inject]);
  const lines = existsSync(trace) ? readFileSync(trace, "latin1").split("\n") : [];
  rmSync(trace, { force: true });
  const hits = lines.filter((line) => line.includes("(INJECTED)"));
  const isInPlace = hits.every((line) => run.place.areaOf(line) !== undefined);
  // The first line is how btdt itself starts. If it has only one thread, others are children.
  const [first] = lines.map(threadOf);
  const isOwn = run.processor === undefined || hits.every((line) => threadOf(line) === first);
  return { finished, hit: isInPlace && isOwn ? hits[0] : undefined };
}

async function start(
  { place, words, outputFile, processor }: RunInPlace,
  tracer: readonly string[],
): Promise<Finished> {
  const pinned = processor === undefined ? [] : ["taskset", "-c", String(processor)];
  const command = [...tracer, ...pinned, BTDT, ...words];
  const started = Bun.spawn(command, {
    cwd: place.path,
    stdin: "ignore",
    stdout: outputFile === undefined ? "pipe" : Bun.file(outputFile),
    stderr: "pipe",
    timeout: HANGS_AFTER_MS,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr] = await Promise.all([
    started.stdout instanceof ReadableStream ? new Response(started.stdout).text() : "",
    new Response(started.stderr).text(),
    started.exited,
  ]);
  return { exitCode: exitCodeOf(started), stdout, stderr };
}

function threadOf(line: string): string | undefined {
  return /^(\d+) /.exec(line)?.[1];
}

/**
 * A call that another thread interrupts in the trace is listed where it starts. If there is only one thread, others
 * are children.
 */
function callsIn(trace: string, { place, processor }: RunInPlace): TracedCall[] {
  const first = threadOf(trace);
  const counts = new Map<string, number>();
  const calls = new Map<string, TracedCall>();
  for (const line of trace.split("\n")) {
    const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (call === undefined || (processor !== undefined && thread !== first)) continue;
    const ordinal = (counts.get(`${thread} ${call}`) ?? 0) + 1;
    counts.set(`${thread} ${call}`, ordinal);
    const area = place.areaOf(line);
    // In several threads, it fails in all of them.
    if (area !== undefined) calls.set(`${call} ${ordinal} ${area}`, { call, ordinal, area });
  }
  return [...calls.values()];
}
