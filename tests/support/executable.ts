import { constants } from "node:os";
import { join } from "node:path";

/** The compiled executable, which these tests are about. */
export const BTDT = join(import.meta.dir, "..", "..", "dist", "btdt");

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Words before the executable, such as a tracer or another user. */
  readonly through?: readonly string[];
}

export interface Finished {
  /** As a shell reports it: 128 + n for a process that signal n ended. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What btdt writes every ten seconds where there is no terminal. */
const PROGRESS_LINES = /^btdt: [a-z ]+: .*\/s(?:, .* left)?\n/gm;

/** Whether there are such lines depends on the speed of the machine, so no test compares them by accident. */
export function withoutProgress(stderr: string): string {
  return stderr.replaceAll(PROGRESS_LINES, "");
}

/** Runs btdt to its end; its stderr is without progress. */
export function btdt(words: readonly string[], options: RunOptions = {}): Finished {
  const finished = run([...(options.through ?? []), BTDT, ...words], options);
  return { ...finished, stderr: withoutProgress(finished.stderr) };
}

/** Runs any command to its end. */
export function run(words: readonly string[], options: Omit<RunOptions, "through"> = {}): Finished {
  const finished = Bun.spawnSync([...words], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  return {
    exitCode: exitCodeOf(finished),
    stdout: finished.stdout.toString(),
    stderr: finished.stderr.toString(),
  };
}

/** Runs a command of the test itself, which must succeed; returns its stdout. */
export function must(words: readonly string[], options: Omit<RunOptions, "through"> = {}): string {
  const finished = run(words, options);
  if (finished.exitCode !== 0) {
    throw new Error(
      `${words.join(" ")} ended with ${finished.exitCode}: ${finished.stderr}${finished.stdout}`,
    );
  }
  return finished.stdout;
}

/** Starts btdt without waiting. */
export function startBtdt(words: readonly string[], options: RunOptions = {}) {
  return Bun.spawn([...(options.through ?? []), BTDT, ...words], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}

/** Waits for a process from `startBtdt`; its stderr is without progress. */
export async function finishedOf(started: ReturnType<typeof startBtdt>): Promise<Finished> {
  const [stdout, stderr] = await Promise.all([
    new Response(started.stdout).text(),
    new Response(started.stderr).text(),
    started.exited,
  ]);
  return { exitCode: exitCodeOf(started), stdout, stderr: withoutProgress(stderr) };
}

interface Ended {
  readonly exitCode: number | null;
  readonly signalCode?: string | number | null | undefined;
}

export function exitCodeOf({ exitCode, signalCode }: Ended): number {
  if (exitCode !== null) return exitCode;
  const signals: Readonly<Record<string, number>> = constants.signals;
  return 128 + (typeof signalCode === "number" ? signalCode : (signals[signalCode ?? ""] ?? 0));
}
