import type { Job, Runner } from "./job.ts";

/** One under way and one that waits, the calling thread included: few enough that little is begun after a failure. */
const JOBS_PER_THREAD = 2;

/**
 * Runs a job for each part of some work; answers their outputs in the parts' order. After the first failure no more are begun,
 * and it is thrown only when all that had begun have ended: whoever tidies up then has no job writing behind its back.
 */
export function runAll<Part, Input, Output>(
  runner: Runner,
  job: Job<Input, Output>,
  parts: readonly Part[],
  inputOf: (part: Part) => Input,
): Promise<Output[]> {
  return runParts(runner.parallelism, parts, (part) => runner.run(job, inputOf(part)));
}

/** The same for inputs of which all jobs share a part. */
export function runAllSharing<Input extends object, Shared extends Partial<Input>, Output>(
  runner: Runner,
  job: Job<Input, Output>,
  shared: Shared,
  parts: readonly Omit<Input, keyof Shared>[],
): Promise<Output[]> {
  return runParts(runner.parallelism, parts, (part) => runner.runSharing(job, shared, part));
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
