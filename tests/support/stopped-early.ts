import { existsSync, readFileSync, rmSync } from "node:fs";
import { type Finished, finishedOf, startBtdt } from "./executable.ts";
import { injecting } from "./trace.ts";

/** Each call takes so long that what was started by mistake is noticed. */
const DELAY_US = 30_000;
const FIRST_CALLS = 3;

/**
 * Runs btdt on a file system where one kind of call takes long, and ends it with SIGTERM after some of these calls.
 * @param trace a path for a file of this function
 * @param wanted which lines of the trace count
 */
export async function stoppedEarly(
  words: readonly string[],
  calls: string,
  trace: string,
  wanted: RegExp,
): Promise<Finished & { readonly callCount: number }> {
  rmSync(trace, { force: true });
  const started = startBtdt(words, { through: injecting({ calls, what: `delay_exit=${DELAY_US}` }, trace) });
  const finished = finishedOf(started);
  const countCalls = (): number =>
    existsSync(trace)
      ? readFileSync(trace, "utf8")
          .split("\n")
          .filter((line) => wanted.test(line)).length
      : 0;
  while (countCalls() < FIRST_CALLS) {
    if (started.exitCode !== null) throw new Error(`btdt ended too early: ${JSON.stringify(await finished)}`);
    await Bun.sleep(5);
  }
  const child = readFileSync(`/proc/${started.pid}/task/${started.pid}/children`, "utf8").trim();
  process.kill(Number(child), "SIGTERM");
  return { ...(await finished), callCount: countCalls() };
}
