import { afterEach, expect, test } from "bun:test";
import { InlineRunner } from "../../src/work/inline-runner.ts";
import type { Job } from "../../src/work/job.ts";
import { runAll } from "../../src/work/run-all.ts";
import { WorkerPool } from "../../src/work/worker-pool.ts";
import { startThreads } from "../support/start-threads.ts";

const HERE = -1;
const echoJob: Job<number, number> = { name: "echo", run: () => HERE };
const exitJob: Job<number, number> = { name: "exit", run: () => HERE };
const heavyJob: Job<number, number> = { ...echoJob, isHeavy: true };

let pool: WorkerPool | undefined;

afterEach(() => pool?.close());

function openPool(threadCount: number): WorkerPool {
  pool = new WorkerPool(
    startThreads(threadCount),
    () => new Worker(new URL("./test-worker.ts", import.meta.url).href),
  );
  return pool;
}

const inputs = Array.from({ length: 200 }, (_, index) => index);

test("jobs that may take long are never done by the calling thread, even if it is the only one", async () => {
  for (const threadCount of [1, 2]) {
    const busy = openPool(threadCount);
    busy.expectLongJobs();
    expect(await Promise.all(inputs.map((input) => busy.run(echoJob, input)))).toEqual(inputs);
    busy.close();
  }
});

test("what would be done at once goes to the pool as well", async () => {
  const runner = new InlineRunner({ isCancelled: () => false }, undefined, openPool(1));
  expect(await runner.run(echoJob, 5)).toBe(HERE);
  runner.expectLongJobs();
  expect(await runner.run(echoJob, 5)).toBe(5);
});

test("the calling thread still does heavy jobs, and everything once no other thread is left", async () => {
  const small = openPool(1);
  small.expectLongJobs();
  expect(await Promise.all([small.run(heavyJob, 1), small.run(echoJob, 2)])).toEqual([HERE, 2]);
  expect(small.run(exitJob, 3)).rejects.toThrow("a worker thread failed");
  await small.run(exitJob, 3).catch(() => undefined);
  expect(await small.run(echoJob, 4)).toBe(HERE);
  expect(small.parallelism).toBe(1);
  expect(await runAll(small, echoJob, [5, 6, 7], (part) => part)).toEqual([HERE, HERE, HERE]);
});
