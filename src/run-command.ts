/** Composition root: runs the command that the command line names. The only place that ends the process. */
import type * as os from "node:os";
import type { WorkDone } from "./base/progress.ts";
import { chooseExitCode, ExitCode } from "./cli/exit-codes.ts";
import { explainFailure } from "./cli/explain-failure.ts";
import { isTerminal } from "./cli/is-terminal.ts";
import { createConsoleOutput, writeToStderr } from "./cli/output.ts";
import { runProgram } from "./cli/program.ts";
import { createLazyProgressBar } from "./cli/progress/lazy-progress-bar.ts";
import { createProgressLines } from "./cli/progress/progress-lines.ts";
import { ProgressReporter } from "./cli/progress/progress-reporter.ts";
import { measureColumns } from "./cli/terminal-columns.ts";
import { readDescriptorLimit } from "./work/descriptor-limit.ts";
import { InlineRunner } from "./work/inline-runner.ts";
import { adoptJitPolicy, JIT_POLICY } from "./work/jit-policy.ts";
import { readMemoryLimit } from "./work/memory-limit.ts";
import { limitThreads, ThreadCount } from "./work/thread-count.ts";
import { WorkerPool } from "./work/worker-pool.ts";

/** With more, the file system is the limit, not processors. */
const MOST_WORKERS = 8;

const STDERR = 2;

/** What stops the work, and their numbers, which are the same on all systems. */
const STOP_SIGNALS = [
  ["SIGINT", 2],
  ["SIGTERM", 15],
  ["SIGHUP", 1],
] as const;

/** Only where there is work for threads is the module loaded that knows it. */
function countProcessors(): number {
  return (require("node:os") as typeof os).availableParallelism();
}

let knownTerminal: boolean | undefined;

/** Only asked when it makes a difference: that takes as long as reading a few files. */
function isOnTerminal(): boolean {
  knownTerminal ??= isTerminal(STDERR) && process.env["TERM"] !== "dumb";
  return knownTerminal;
}

const progress = new ProgressReporter(
  () =>
    isOnTerminal()
      ? createLazyProgressBar(writeToStderr, () => process.stderr.columns)
      : createProgressLines((sentence) => output.note(sentence)),
  () => Bun.nanoseconds() / 1e6,
);
const onWork = (done: WorkDone): void => progress.add(done);
const pool = new WorkerPool(
  new ThreadCount(() =>
    limitThreads(Math.min(countProcessors(), MOST_WORKERS), readMemoryLimit(), readDescriptorLimit()),
  ),
  () => {
    // Where threads are worth their start, so is machine code.
    adoptJitPolicy(JIT_POLICY.normal);
    return new Worker(new URL("./worker.ts", import.meta.url).href);
  },
  onWork,
);
// Any non-empty value counts: https://no-color.org
const output = createConsoleOutput(
  () => isOnTerminal() && !process.env["NO_COLOR"],
  { clear: () => progress.hide(), silence: () => progress.silence() },
  () => measureColumns(process.env["COLUMNS"], () => process.stdout.columns),
);
const isCancelled = (): boolean => pool.isCancelled();
let signalExitCode: number | undefined;

// Leaves the terminal clean, however the process ends.
process.on("exit", () => progress.end());

let signalListener: ((signal: NodeJS.Signals) => void) | undefined;

for (const [signal, number] of STOP_SIGNALS) {
  process.on(signal, () => {
    if (signalListener !== undefined) {
      signalListener(signal);
      return;
    }
    // The second signal ends it at once, without cleaning up.
    if (signalExitCode !== undefined) process.exit(signalExitCode);
    signalExitCode = 128 + number;
    pool.cancel();
  });
}

/** Also redirects signals that btdt itself ignores but its child command may handle. */
function redirectSignals(listener: (signal: NodeJS.Signals) => void): () => void {
  signalListener = listener;
  const others = ["SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;
  for (const signal of others) process.on(signal, listener);
  return () => {
    signalListener = undefined;
    for (const signal of others) process.off(signal, listener);
  };
}

function fail(error: unknown): never {
  const known = explainFailure(error);
  if (signalExitCode !== undefined && known.code === "CANCELLED") process.exit(signalExitCode);
  if (known.code !== "OUTPUT_CLOSED") output.reportError(known);
  process.exit(chooseExitCode(known));
}

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
// Otherwise, a promise that never settles would end the process with success.
process.on("beforeExit", () => fail(new Error("the work stopped before it was done")));

/** @param failure of the attempt to answer at once: it is reported, and nothing else is done */
export async function runCommand(words: readonly string[], failure?: unknown): Promise<never> {
  if (failure !== undefined) fail(failure);
  let exitCode: number = ExitCode.DONE;
  try {
    await runProgram(words, {
      runtime: {
        runners: { inline: new InlineRunner({ isCancelled }, onWork, pool), pool },
        isCancelled,
        nowMs: () => Date.now(),
        umask: process.umask(),
        progress,
        onWarning: (warning) => output.warn(warning),
      },
      output,
      environment: {
        os: process.platform,
        arch: process.arch,
        variables: process.env,
      },
      redirectSignals,
      fixThreadCount: (count) => pool.fixThreadCount(count),
      setExitCode: (code) => {
        exitCode = code;
      },
    });
  } catch (error) {
    fail(error);
  }
  process.exit(exitCode);
}
