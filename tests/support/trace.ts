import { existsSync, readFileSync } from "node:fs";
import { errnoOf } from "../../src/fs/errno.ts";
import { type Finished, finishedOf, startBtdt } from "./executable.ts";

/** A system call for `strace` to interfere with. */
export interface Injection {
  /** Names, separated by commas; `?` before a name that not every processor has. */
  readonly calls: string;
  /** `error=ENOSPC:when=3`, `signal=KILL:when=2`: in the syntax of strace. Counted per thread. */
  readonly what: string;
  /** Only calls with this path, or a descriptor of it. */
  readonly path?: string;
  /** More calls to interfere with, in another way. */
  readonly also?: Pick<Injection, "calls" | "what">;
}

/** Words that make system calls of the command after them fail, or kill it. */
export function injecting(injection: Injection, trace = "/dev/null"): string[] {
  const { calls, what, path, also } = injection;
  const where = path === undefined ? [] : namesOf(path).flatMap((name) => ["-P", name]);
  return [
    "strace",
    "-f",
    "-qq",
    "-o",
    trace,
    ...where,
    "-e",
    `trace=${[calls, also?.calls ?? []].flat().join(",")}`,
    "-e",
    `inject=${calls}:${what}`,
    ...(also === undefined ? [] : ["-e", `inject=${also.calls}:${also.what}`]),
  ];
}

/**
 * Runs btdt, stops it after a certain system call, does something in the meantime, and lets it continue. No clock
 * decides the order.
 * @param trace a path for a file of this function
 */
export async function stoppedAt(
  injection: Omit<Injection, "what"> & { readonly when?: number },
  words: readonly string[],
  trace: string,
  meanwhile: () => void | Promise<void>,
): Promise<Finished> {
  const what = `signal=STOP:when=${injection.when ?? 1}`;
  const started = startBtdt(words, { through: injecting({ ...injection, what }, trace) });
  const finished = finishedOf(started);
  let stopped: RegExpExecArray | null = null;
  while (stopped === null) {
    if (started.exitCode !== null || started.signalCode !== null) {
      throw new Error(`btdt ended without ${injection.calls}: ${JSON.stringify(await finished)}`);
    }
    await Bun.sleep(2);
    stopped = existsSync(trace) ? /^(\d+) +--- stopped by SIGSTOP/m.exec(readFileSync(trace, "utf8")) : null;
  }
  try {
    await meanwhile();
  } finally {
    // Other threads reach their own such call and stop again.
    while (started.exitCode === null && started.signalCode === null) {
      letGoOn(Number(stopped[1]));
      await Promise.race([finished, Bun.sleep(5)]);
    }
  }
  return await finished;
}

/** Waits until a trace contains what it should. */
export async function traced(trace: string, pattern: RegExp): Promise<void> {
  while (!existsSync(trace) || !pattern.test(readFileSync(trace, "utf8"))) await Bun.sleep(2);
}

/** The process may end at any moment before this, and `strace` outlives it a little. */
function letGoOn(processId: number): void {
  try {
    process.kill(processId, "SIGCONT");
  } catch (error) {
    if (errnoOf(error) !== "ESRCH") throw error;
  }
}

/** Also as it is looked up from a directory that is open: that of the file, or that of all objects. */
function namesOf(path: string): string[] {
  const names = path.split("/");
  return [path, names.slice(-2).join("/"), names.slice(-1).join("/")];
}
