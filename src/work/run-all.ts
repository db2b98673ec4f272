import type { Job, Runner } from "./job.ts";

/** A job under way and one waiting for each worker. */
const JOBS_PER_WORKER = 2;

/**
 * Runs a job for each part of some work; answers their outputs in the parts' order. After the first failure no more are begun,
 * and it is thrown only when all that had begun have ended: whoever tidies up then has no job writing behind its back.
 */
export async function runAll<Part, Input, Output>(
  runner: Runner,
  job: Job<Input, Output>,
  parts: readonly Part[],
  inputOf: (part: Part) => Input,
): Promise<Output[]> {
  const outputs: Output[] = [];
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    for (let index = next++; index < parts.length && failure === undefined; index = next++) {
      try {
        outputs[index] = await runner.run(job, inputOf(parts[index] as Part));
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: runner.parallelism * JOBS_PER_WORKER }, work));
  if (failure !== undefined) throw failure.error;
  return outputs;
}
