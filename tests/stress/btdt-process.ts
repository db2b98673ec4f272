import { BTDT, exitCodeOf } from "../support/executable.ts";
import type { Interval } from "./ledger.ts";

/** What is done to a process while it runs. */
export type Interference =
  | { readonly kind: "none" }
  | { readonly kind: "signal"; readonly signal: "SIGKILL" | "SIGINT" | "SIGTERM"; readonly afterMs: number }
  | { readonly kind: "pause"; readonly afterMs: number; readonly forMs: number };

export interface Ended extends Interval {
  readonly words: readonly string[];
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /**
   * A signal that ends it was sent before it had ended; `exitCode` may still be that of a process that had finished
   * its work.
   */
  readonly wasSignalled: boolean;
  readonly isHung: boolean;
}

/** Nothing in these tests takes this long, even on a busy machine. */
const HANG_MS = 180_000;

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly interference?: Interference;
  /** Where standard output goes; it is then not part of the result. */
  readonly stdoutPath?: string;
}

/** Runs btdt to its end. */
export async function runBtdt(words: readonly string[], options: ProcessOptions = {}): Promise<Ended> {
  const begunMs = performance.now();
  const child = Bun.spawn([BTDT, ...words], {
    stdin: "ignore",
    stdout: options.stdoutPath === undefined ? "pipe" : Bun.file(options.stdoutPath),
    stderr: "pipe",
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: { ...process.env, ...options.env } }),
  });
  let [wasSignalled, isHung] = [false, false];
  const timers: Timer[] = [];
  const later = (delayMs: number, act: () => void): void => {
    timers.push(setTimeout(act, delayMs));
  };
  const { interference = { kind: "none" } } = options;
  if (interference.kind === "signal") {
    later(interference.afterMs, () => {
      wasSignalled = true;
      child.kill(interference.signal);
    });
  } else if (interference.kind === "pause") {
    later(interference.afterMs, () => child.kill("SIGSTOP"));
    later(interference.afterMs + interference.forMs, () => child.kill("SIGCONT"));
  }
  later(HANG_MS, () => {
    isHung = true;
    child.kill("SIGKILL");
  });
  const [stdout, stderr] = await Promise.all([
    child.stdout instanceof ReadableStream ? new Response(child.stdout).text() : "",
    new Response(child.stderr).text(),
    child.exited,
  ]);
  for (const timer of timers) clearTimeout(timer);
  const endedMs = performance.now();
  return { words, begunMs, endedMs, exitCode: exitCodeOf(child), stdout, stderr, wasSignalled, isHung };
}
