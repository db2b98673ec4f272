import type { Job, Runner } from "./job.ts";

/** One running and one waiting, including the calling thread's: few enough that little is started after a failure. */
const JOBS_PER_THREAD = 2;

/**
 * Runs a job for each part of some work and returns the outputs in the order of the parts. After the first failure,
 * no more jobs are started, and it is thrown only when all running jobs have ended, so that none of them writes while
 * the caller cleans up.
 */
export function runAll<Part, Input, Output>(
  runner: Runner,
  job: Job<Input, Output>,
  parts: readonly Part[],
  inputOf: (part: Part) => Input,
): Promise<Output[]> {
  return runParts(runner, parts, (part) => runner.run(job, inputOf(part)));
}

/** The same for parts that each need something first, such as what comes over a network. */
export function runEach<Part, Output>(
  runner: Runner,
  parts: readonly Part[],
  run: (part: Part) => Promise<Output>,
): Promise<Output[]> {
  return runParts(runner, parts, run);
}

/**
 * The same for jobs whose inputs share a part, and that may stop before they are done, which other jobs then continue.
 * There may be more outputs than parts: those of the rests come last.
 * @param restOf what an output has left of its part, in pieces that can be done at the same time
 */
export async function runAllResuming<Input extends object, Shared extends Partial<Input>, Output>(
  runner: Runner,
  job: Job<Input, Output>,
  shared: Shared,
  parts: readonly Omit<Input, keyof Shared>[],
  restOf: (part: Omit<Input, keyof Shared>, output: Output) => readonly Omit<Input, keyof Shared>[],
): Promise<Output[]> {
  const rests: Omit<Input, keyof Shared>[] = [];
  const run = async (part: Omit<Input, keyof Shared>): Promise<Output> => {
    const output = await runner.runSharing(job, shared, part);
    const rest = restOf(part, output);
    rests.push(...rest);
    // Signals are handled now.
    if (rest.length > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    return output;
  };
  return await runParts(runner, parts, run, rests);
}

/**
 * @param rests grows when a part ends unfinished; they come before parts that are not started, because they belong to
 * long ones
 */
function runParts<Part, Output>(
  runner: Runner,
  parts: readonly Part[],
  run: (part: Part) => Promise<Output>,
  rests: readonly Part[] = [],
): Promise<Output[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Output[]>();
  const outputs: Output[] = [];
  const restOutputs: Output[] = [];
  let startedCount = 0;
  let startedRestCount = 0;
  let runningCount = 0;
  let failure: { readonly error: unknown } | undefined;
  const runPart = async (part: Part, into: Output[], index: number): Promise<void> => {
    try {
      into[index] = await run(part);
    } catch (error) {
      failure ??= { error };
    }
    runningCount -= 1;
    proceed();
  };
  const proceed = (): void => {
    // It may have more threads than before.
    const mostRunning = failure === undefined ? runner.parallelism * JOBS_PER_THREAD : 0;
    while (runningCount < mostRunning) {
      const isRest = startedRestCount < rests.length;
      if (!isRest && startedCount === parts.length) break;
      runningCount += 1;
      if (isRest) void runPart(rests[startedRestCount] as Part, restOutputs, startedRestCount++);
      else void runPart(parts[startedCount] as Part, outputs, startedCount++);
    }
    if (runningCount > 0) return;
    if (failure === undefined) resolve([...outputs, ...restOutputs]);
    else reject(failure.error);
  };
  proceed();
  return promise;
}
