/** Composition root: the command line in, an exit code out. The only place that ends the process. */
import { availableParallelism, constants } from "node:os";
import { isatty } from "node:tty";
import { BtdtError } from "./base/errors.ts";
import type { WorkDone } from "./base/progress.ts";
import { ExitCode, exitCodeOf } from "./cli/exit-codes.ts";
import { consoleOutput, writeChatter } from "./cli/output.ts";
import { runProgram } from "./cli/program.ts";
import { lazyProgressBar } from "./cli/progress/lazy-progress-bar.ts";
import { progressLines } from "./cli/progress/progress-lines.ts";
import { ProgressReporter } from "./cli/progress/progress-reporter.ts";
import { InlineRunner } from "./work/inline-runner.ts";
import { WorkerPool } from "./work/worker-pool.ts";

/** File systems, not processors, are the limit beyond. */
const MOST_WORKERS = 8;

const isTerminal = isatty(2) && process.env["TERM"] !== "dumb";
const progress = new ProgressReporter(
  isTerminal
    ? lazyProgressBar(writeChatter, () => process.stderr.columns)
    : progressLines((sentence) => output.note(sentence)),
  () => Bun.nanoseconds() / 1e6,
);
const onWork = (done: WorkDone): void => progress.add(done);
const pool = new WorkerPool(
  Math.min(availableParallelism(), MOST_WORKERS),
  () => new Worker(new URL("./worker.ts", import.meta.url).href),
  onWork,
);
// By convention any text in NO_COLOR, but not an empty one, means it.
const output = consoleOutput(isTerminal && !process.env["NO_COLOR"], {
  clear: () => progress.hide(),
  silence: () => progress.silence(),
});
const isCancelled = (): boolean => pool.isCancelled();
let signalExitCode: number | undefined;

// However it ends, the terminal is left clean.
process.on("exit", () => progress.end());

let signalListener: ((signal: NodeJS.Signals) => void) | undefined;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (signalListener !== undefined) {
      signalListener(signal);
      return;
    }
    // Asked twice, it does not tidy up any more.
    if (signalExitCode !== undefined) process.exit(signalExitCode);
    signalExitCode = 128 + constants.signals[signal];
    pool.cancel();
  });
}

/** Those above, and those that only a command which btdt runs may know what to do with. */
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
  const known =
    error instanceof BtdtError
      ? error
      : new BtdtError("INTERNAL", error instanceof Error ? (error.stack ?? error.message) : String(error), {
          hint: "this is a bug in btdt; please report it",
        });
  if (signalExitCode !== undefined && known.code === "CANCELLED") process.exit(signalExitCode);
  output.error(known);
  process.exit(exitCodeOf(known));
}

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
// A promise that never settles would otherwise end the process as if all were well.
process.on("beforeExit", () => fail(new Error("the work stopped before it was done")));

let exitCode: number = ExitCode.DONE;
try {
  await runProgram(process.argv.slice(2), {
    runtime: {
      runners: { inline: new InlineRunner({ isCancelled }, onWork), pool },
      isCancelled,
      nowMs: () => Date.now(),
      umask: process.umask(),
      progress,
      onWarning: (warning) => output.warning(warning),
    },
    output,
    environment: {
      os: process.platform,
      arch: process.arch,
      isInteractive: isatty(0),
      variables: process.env,
    },
    redirectSignals,
    setExitCode: (code) => {
      exitCode = code;
    },
  });
} catch (error) {
  fail(error);
}
process.exit(exitCode);
