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
  return runParts(runner.parallelism, parts, (part) => runner.run(job, inputOf(part)));
}

/** The same for parts that each need something first, such as what comes over a network. */
export function runEach<Part, Output>(
  runner: Runner,
  parts: readonly Part[],
  run: (part: Part) => Promise<Output>,
): Promise<Output[]> {
  return runParts(runner.parallelism, parts, run);
}

/**
 * The same for jobs whose inputs share a part, and that may stop before they are done, which other jobs then continue.
 * There may be more outputs than parts.
 * @param restOf what an output has left of its part; undefined if nothing
 */
export async function runAllResuming<Input extends object, Shared extends Partial<Input>, Output>(
  runner: Runner,
  job: Job<Input, Output>,
  shared: Shared,
  parts: readonly Omit<Input, keyof Shared>[],
  restOf: (part: Omit<Input, keyof Shared>, output: Output) => Omit<Input, keyof Shared> | undefined,
): Promise<Output[]> {
  const outputs = await runParts(runner.parallelism, parts, async (part) => {
    const partOutputs: Output[] = [];
    for (let rest: typeof part | undefined = part; rest !== undefined; ) {
      const output: Output = await runner.runSharing(job, shared, rest);
      partOutputs.push(output);
      rest = restOf(rest, output);
      // Signals are handled now.
      if (rest !== undefined) await new Promise<void>((resolve) => setImmediate(resolve));
    }
    return partOutputs;
  });
  return outputs.flat();
}

async function runParts<Part, Output>(
  parallelism: number,
  parts: readonly Part[],
  run: (part: Part) => Promise<Output>,
): Promise<Output[]> {
  const outputs: Output[] = [];
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    for (let index = next++; index < parts.length && failure === undefined; index = next++) {
      try {
        outputs[index] = await run(parts[index] as Part);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: parallelism * JOBS_PER_THREAD }, work));
  if (failure !== undefined) throw failure.error;
  return outputs;
}
