import { afterEach, expect, test } from "bun:test";
import { hasMostlyWaited, type ThreadTimes } from "../../src/fs/native/thread-waits.ts";
import type { Job } from "../../src/work/job.ts";
import { type JobClaims, takeJob } from "../../src/work/job-claims.ts";
import type { JobReply, JobRequest, WorkerReady, WorkerSetup } from "../../src/work/messages.ts";
import { limitThreads, ThreadCount } from "../../src/work/thread-count.ts";
import { WorkerPool } from "../../src/work/worker-pool.ts";
import { startThreads } from "../support/start-threads.ts";

let pool: WorkerPool | undefined;

afterEach(() => pool?.close());

/** Jobs that report to have waited; on the calling thread, they do nothing. */
const meetJob: Job<Int32Array, number> = { name: "meet", run: () => 0 };
const heavyMeetJob: Job<Int32Array, number> = { ...meetJob, isHeavy: true };

const echoJob: Job<number, number> = { name: "echo", run: (input) => input };

/** A fake thread that becomes ready on command, and then answers each job with its input. */
class StartingWorker {
  onmessage: ((event: { readonly data: JobReply | WorkerReady }) => void) | undefined;
  readonly #early: (WorkerSetup | JobRequest)[] = [];
  #claims: JobClaims | undefined;
  #isReady = false;

  postMessage(message: WorkerSetup | JobRequest): void {
    if (this.#isReady) queueMicrotask(() => this.#receive(message));
    else this.#early.push(message);
  }

  begin(): void {
    this.#isReady = true;
    this.onmessage?.({ data: { isReady: true } });
    for (const message of this.#early) queueMicrotask(() => this.#receive(message));
  }

  #receive(message: WorkerSetup | JobRequest): void {
    if ("cancelFlag" in message) {
      this.#claims = message.claims;
      return;
    }
    const { id, slot, input } = message;
    if (this.#claims === undefined || !takeJob(this.#claims, slot, id)) return;
    this.onmessage?.({ data: { id, hasWaited: false, ok: true, output: input } });
  }

  addEventListener(): void {
    // It never ends by itself.
  }

  terminate(): void {
    this.onmessage = undefined;
  }
}

function openPool(threadCount: number): WorkerPool {
  return new WorkerPool(
    startThreads(threadCount),
    () => new Worker(new URL("./test-worker.ts", import.meta.url).href),
  );
}

const places = (wanted = 0): Int32Array => {
  const numbers = new Int32Array(new SharedArrayBuffer(12));
  numbers[1] = wanted;
  return numbers;
};

const run = (job: Job<Int32Array, number>, input: Int32Array, count: number): Promise<number[]> =>
  Promise.all(Array.from({ length: count }, () => (pool as WorkerPool).run(job, input)));

test("where jobs wait, there are more threads; heavy jobs have only those of the beginning", async () => {
  pool = openPool(2);
  pool.expectWaits("perhaps");
  // The calling thread may do all of them before others have started.
  while (pool.parallelism < 32) await run(meetJob, places(), 50);
  // Each waits until there are 20.
  const light = places(20);
  await run(meetJob, light, 300);
  expect(light[2]).toBeGreaterThanOrEqual(20);
  const heavy = places();
  await run(heavyMeetJob, heavy, 200);
  expect(heavy[2]).toBeLessThanOrEqual(2);
});

test("heavy jobs that wait have a dozen threads, and the calling thread only hands them out", async () => {
  pool = openPool(2);
  pool.expectWaits("surely", true);
  const heavy = places(10);
  const here = await run(heavyMeetJob, heavy, 300);
  expect(heavy[2]).toBeWithin(10, 13);
  // The calling thread's answer would be 0.
  expect(Math.min(...here)).toBe(1);
});

test("jobs that do not wait have no more threads than there are processors, though others have waited", async () => {
  pool = openPool(2);
  pool.expectWaits("surely");
  const runner = pool.withoutWaits;
  expect([pool.parallelism, pool.isVolumeSlow]).toEqual([32, true]);
  expect([runner.parallelism, runner.isVolumeSlow]).toEqual([2, false]);
  const few = places();
  runner.start("all");
  await Promise.all(Array.from({ length: 200 }, () => runner.run(meetJob, few)));
  await Promise.all(Array.from({ length: 200 }, () => runner.runSharing(meetJob, few, {})));
  // Jobs on the calling thread do not count.
  expect(few[2]).toBeLessThanOrEqual(1);
  // The others are still there for those that wait.
  const many = places(20);
  await run(meetJob, many, 300);
  expect(many[2]).toBeGreaterThanOrEqual(20);
});

test("a number of threads that was asked for stays", async () => {
  pool = openPool(2);
  pool.fixThreadCount(4);
  pool.expectWaits("surely");
  const most = places();
  await run(meetJob, most, 200);
  expect(pool.parallelism).toBe(4);
  expect(most[2]).toBeLessThanOrEqual(3);
});

test("there are first 16, then 32 threads; at once if the volume is known to be slow; never fewer than before", () => {
  const count = startThreads(2);
  count.allowGrowth();
  const grown = [1, 2, 3].map(() => {
    count.grow();
    return count.wanted;
  });
  expect(grown).toEqual([16, 32, 32]);
  const known = startThreads(1);
  known.growToMost();
  expect([known.wanted, known.heavy, known.hasGrown]).toEqual([32, 1, true]);
  const large = startThreads(40);
  large.allowGrowth();
  large.grow();
  expect([large.wanted, large.hasGrown]).toEqual([40, false]);
});

test("on a local disk, there are never more threads", async () => {
  pool = openPool(2);
  for (let round = 0; round < 5; round++) await run(meetJob, places(), 50);
  expect(pool.parallelism).toBe(2);
  const count = startThreads(2);
  count.grow();
  expect([count.wanted, count.isVolumeSlow]).toEqual([2, false]);
});

test("waiting for a slow volume is told from work, from waiting for a processor, and from short waits", () => {
  const before: ThreadTimes = { nowNs: 0, runNs: 0, readyNs: 0, turnCount: 0 };
  const after: ThreadTimes = { nowNs: 100e6, runNs: 5e6, readyNs: 5e6, turnCount: 90 };
  expect(hasMostlyWaited(before, after)).toBe(true);
  expect(hasMostlyWaited(before, { ...after, runNs: 60e6 })).toBe(false);
  expect(hasMostlyWaited(before, { ...after, readyNs: 60e6 })).toBe(false);
  expect(hasMostlyWaited(before, { ...after, turnCount: 1000 })).toBe(false);
  expect(hasMostlyWaited(before, { ...after, turnCount: 3 })).toBe(false);
  expect(hasMostlyWaited(undefined, after)).toBe(false);
});

test("where memory is limited, there are fewer threads, but always one", () => {
  const MEBIBYTE = 1024 ** 2;
  for (const [memoryBytes, expected] of [
    [Number.POSITIVE_INFINITY, { first: 8, most: 32, mostHeavy: 12 }],
    [256 * MEBIBYTE, { first: 6, most: 24, mostHeavy: 6 }],
    [128 * MEBIBYTE, { first: 2, most: 8, mostHeavy: 2 }],
    [64 * MEBIBYTE, { first: 1, most: 1, mostHeavy: 1 }],
    [0, { first: 1, most: 1, mostHeavy: 1 }],
  ] as const) {
    expect(limitThreads(8, memoryBytes, Number.POSITIVE_INFINITY)).toEqual(expected);
  }
  const count = new ThreadCount(() => limitThreads(8, 128 * MEBIBYTE, 1024));
  count.expectWaits("surely", true);
  expect([count.wanted, count.heavy]).toEqual([8, 2]);
});

test("where few files may be open, there are fewer threads, but always one", () => {
  for (const [descriptorCount, expected] of [
    [1024, { first: 8, most: 32, mostHeavy: 12 }],
    [128, { first: 8, most: 24, mostHeavy: 12 }],
    [48, { first: 4, most: 4, mostHeavy: 4 }],
    [16, { first: 1, most: 1, mostHeavy: 1 }],
  ] as const) {
    expect(limitThreads(8, Number.POSITIVE_INFINITY, descriptorCount)).toEqual(expected);
  }
});

test("no more threads start at the same time than there are processors, however many are needed", async () => {
  const started: StartingWorker[] = [];
  pool = new WorkerPool(startThreads(2), () => {
    const worker = new StartingWorker();
    started.push(worker);
    return worker as unknown as Worker;
  });
  pool.expectWaits("surely");
  const running = Array.from({ length: 100 }, (_, input) => (pool as WorkerPool).run(echoJob, input));
  const counts = [started.length];
  for (let ready = 0; ready < started.length; ready++) {
    started[ready]?.begin();
    counts.push(started.length);
  }
  expect(counts).toEqual([2, ...Array.from({ length: 29 }, (_, ready) => ready + 3), 31, 31]);
  expect(await Promise.all(running)).toEqual(Array.from({ length: 100 }, (_, input) => input));
});

test("all threads that were announced start one after another, without a job", () => {
  const started: StartingWorker[] = [];
  pool = new WorkerPool(startThreads(4), () => {
    const worker = new StartingWorker();
    started.push(worker);
    return worker as unknown as Worker;
  });
  pool.start("few");
  expect(started).toHaveLength(3);
  pool.expectWaits("surely");
  pool.start("all");
  expect(started).toHaveLength(4);
  for (let ready = 0; ready < started.length; ready++) started[ready]?.begin();
  expect(started).toHaveLength(31);
});
