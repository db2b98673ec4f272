import { BTDT } from "../support/executable.ts";

/** Hanging cases are killed: on an idle machine, a case takes a tenth of a second. */
const LONGEST_MS = 60_000;
/** The executable takes about 60 MB, and twice as much with its threads. */
const MOST_MEMORY_BYTES = 700 * 1024 * 1024;
const EXIT_CODES: ReadonlySet<number> = new Set([0, 1, 3, 4]);
/** A usage error that is not about the command line. */
const NO_DESTINATION = "has no recorded destination";
const INTERNAL = /this is a bug in btdt|INTERNAL|\bNaN\b|undefined is not|^\s+at /m;

export interface LimitedRun {
  readonly exitCode: number;
  readonly stdout: Buffer;
}

/** Runs btdt and checks for what no input may cause. @throws for a fault of btdt */
export function runLimited(words: readonly string[], cwd: string): LimitedRun {
  const started = Bun.spawnSync([BTDT, ...words], {
    cwd,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: LONGEST_MS,
    killSignal: "SIGKILL",
  });
  const stderr = started.stderr.toString();
  const complain = (what: string): Error => new Error(`btdt ${words.join(" ")} ${what}: ${stderr}`);
  if (started.exitedDueToTimeout === true) throw complain("hangs");
  if (started.signalCode !== undefined) throw complain(`was ended by ${started.signalCode}`);
  const isExpected = EXIT_CODES.has(started.exitCode) || stderr.includes(NO_DESTINATION);
  if (!isExpected) throw complain(`ended with ${started.exitCode}`);
  if (INTERNAL.test(stderr)) throw complain("fell over");
  const memoryBytes = started.resourceUsage.maxRSS;
  if (memoryBytes > MOST_MEMORY_BYTES) throw complain(`took ${Math.round(memoryBytes / 2 ** 20)} MiB`);
  return { exitCode: started.exitCode, stdout: started.stdout };
}
