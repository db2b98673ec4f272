import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { BtdtError } from "../../src/base/errors.ts";
import { errnoOf } from "../../src/fs/errno.ts";
import { hashSpanJob } from "../../src/read/hash-span.ts";
import { finishDirectoriesJob } from "../../src/restore/finish-directories.ts";
import { InlineRunner } from "../../src/work/inline-runner.ts";
import type { Job, Runner } from "../../src/work/job.ts";
import { allocateJobClaims, offerJob } from "../../src/work/job-claims.ts";
import {
  type JobReply,
  type JobRequest,
  receivedError,
  sendableError,
  type WorkerReady,
  type WorkerSetup,
} from "../../src/work/messages.ts";
import { runAll } from "../../src/work/run-all.ts";
import { WorkerPool } from "../../src/work/worker-pool.ts";
import { manifestOf } from "../support/listed-manifest.ts";
import { directory } from "../support/listed-tree.ts";
import { Scratch } from "../support/scratch.ts";
import { startThreads } from "../support/start-threads.ts";

const pools: WorkerPool[] = [];

function poolOf(file: string, parallelism: number): WorkerPool {
  const pool = new WorkerPool(
    startThreads(parallelism),
    () => new Worker(new URL(file, import.meta.url).href),
  );
  pools.push(pool);
  return pool;
}
const testPool = (parallelism: number): WorkerPool => poolOf("./test-worker.ts", parallelism);
const realPool = (parallelism: number): WorkerPool => poolOf("../../src/worker.ts", parallelism);

afterEach(() => {
  for (const pool of pools.splice(0)) pool.close();
});

/** What the test worker does is in the name; the calling thread, which helps, just answers. */
function job(name: string): Job<number, number> {
  return { name, run: (input) => input };
}

/** What becomes of each: an output, or an error's code. */
async function outcomes(work: readonly Promise<number>[]): Promise<(number | string)[]> {
  const settled = await Promise.allSettled(work);
  return settled.map((result) => {
    if (result.status === "fulfilled") return result.value;
    const reason: unknown = result.reason;
    return reason instanceof BtdtError ? reason.code : String(reason);
  });
}

const count = (length: number): number[] => Array.from({ length }, (_, index) => index);

describe("jobs", () => {
  test("each gets its own answer", async () => {
    const pool = testPool(2);
    expect(await outcomes(count(500).map((index) => pool.run(job("echo"), index)))).toEqual(count(500));
  });

  test("no thread is started without a job", () => {
    let spawned = 0;
    const pool = new WorkerPool(startThreads(2), () => {
      spawned += 1;
      throw new Error("unreachable");
    });
    pool.cancel();
    pool.close();
    expect(spawned).toBe(0);
  });
});

describe("errors cross threads", () => {
  test("of btdt with code, message and path", async () => {
    const work = realPool(2).run(hashSpanJob, {
      path: bytesFromText("/nonexistent-btdt/f"),
      sizeBytes: 1,
      mtimeSeconds: 0,
      mtimeNanoseconds: 0,
      startBytes: 0,
    });
    const error: unknown = await work.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BtdtError);
    expect(error).toEqual(
      expect.objectContaining({
        code: "SOURCE_CHANGED",
        message: "/nonexistent-btdt/f changed while it was being read",
        path: "/nonexistent-btdt/f",
      }),
    );
  });

  test("of node:fs with errno, so that the caller can say what it means", async () => {
    const manifest = manifestOf(directory({ d: directory() }));
    const work = realPool(2).run(finishDirectoriesJob, {
      payload: manifest.payload,
      root: bytesFromText("/nonexistent-btdt"),
      firstDirectory: 0,
      firstLeaf: 0,
      endDirectory: 2,
      unchanged: undefined,
    });
    const error: unknown = await work.catch((reason: unknown) => reason);
    expect(errnoOf(error)).toBe("ENOENT");
  });

  test("anything else as INTERNAL", async () => {
    const worker = new Worker(new URL("../../src/worker.ts", import.meta.url).href);
    const answered = new Promise<JobReply>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<JobReply | WorkerReady>) => {
        if (!("isReady" in data)) resolve(data);
      };
    });
    const claims = allocateJobClaims(1);
    offerJob(claims, 0, 7);
    const request: JobRequest = {
      id: 7,
      jobName: "no such job",
      input: 1,
      shared: { kind: "none" },
      slot: 0,
    };
    worker.postMessage({ cancelFlag: new Int32Array(1), claims, isVolumeSlow: false } satisfies WorkerSetup);
    worker.postMessage(request);
    expect(await answered).toMatchObject({ id: 7, ok: false, error: { code: "INTERNAL" } });
    worker.terminate();
    expect(sendableError("text")).toEqual(expect.objectContaining({ code: "INTERNAL", message: "text" }));
  });

  test("any coded error survives the crossing", () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (message, hint) => {
        const error = new BtdtError(
          "SOURCE_CHANGED",
          message,
          hint === undefined ? {} : { hint, path: hint },
        );
        const received = receivedError(structuredClone(sendableError(error)));
        expect(received).toBeInstanceOf(BtdtError);
        expect(received).toEqual(error);
      }),
      { numRuns: 100 },
    );
  });
});

describe("cancelling", () => {
  test("settles every promise, however long the queue", async () => {
    const pool = testPool(3);
    const work = count(1000).map((index) => pool.run(job("wait-for-cancel"), index));
    pool.cancel();
    const settled = await outcomes(work);
    // Each of the two threads may have begun one; the others are not begun any more.
    const begun = settled.filter((outcome) => outcome !== "CANCELLED");
    expect(begun.length).toBeLessThanOrEqual(2);
    for (const outcome of begun) expect(outcome).toBe(settled.indexOf(outcome));
    expect(pool.isCancelled()).toBe(true);
  });

  test("refuses what comes later", async () => {
    const pool = testPool(1);
    pool.cancel();
    expect(await outcomes([pool.run(job("echo"), 1)])).toEqual(["CANCELLED"]);
  });
});

test("a worker without a job gets one that waits at another", async () => {
  const pool = testPool(3);
  const told = new Int32Array(new SharedArrayBuffer(4));
  const shared = (name: string): Job<Int32Array, unknown> => ({ name, run: () => "here" });
  await Promise.all(["echo", "echo"].map((name) => pool.run(shared(name), told)));
  // The two workers get them in turn, so the first one waits for a job that is queued after its own. The calling
  // thread does none of them.
  const names = ["wait", "echo", "tell", "echo"];
  const outputs = await pool.whilePreparing(() =>
    Promise.all(names.map((name) => pool.run(shared(name), told))),
  );
  expect(["ok", "not-equal"]).toContain(String(outputs[0]));
  expect(outputs).not.toContain("here");
});

test("no job waits behind another while the calling thread is idle; each is done once", async () => {
  const done = new Map<number, number>();
  const sleep: Job<number, number> = {
    name: "sleep",
    run(input) {
      done.set(input, (done.get(input) ?? 0) + 1);
      return -input;
    },
  };
  const pool = testPool(2);
  // The thread is up, and gets the next three.
  await pool.run(sleep, 0);
  done.clear();
  const outputs = await runAll(pool, sleep, [400, 401, 402], (ms) => ms);
  // In this thread they take no time: it does all but the one that the worker has begun.
  expect(outputs.filter((output) => output > 0).length).toBeLessThanOrEqual(1);
  for (const output of outputs) expect(done.get(Math.abs(output)) ?? 0).toBe(output < 0 ? 1 : 0);
  expect(await outcomes(count(200).map((index) => pool.run(job("echo"), index)))).toEqual(count(200));
});

describe("a worker that is lost", () => {
  for (const parallelism of [2, 3]) {
    for (const how of ["crash", "exit"]) {
      test(`by ${how}, one of ${parallelism - 1}: what it was doing is rejected, the others go on`, async () => {
        const pool = testPool(parallelism);
        const begun = new Int32Array(new SharedArrayBuffer(4));
        const lose: Job<Int32Array, number> = { name: how, run: () => 0 };
        // The calling thread would do it all before the others are up.
        const echo: Job<number, number> = {
          name: "echo",
          run(input) {
            Atomics.wait(begun, 0, 0, 30_000);
            return input;
          },
        };
        const work = [pool.run(lose, begun), ...count(50).map((index) => pool.run(echo, index))];
        const settled = await outcomes(work);
        // What waited at the lost one is done elsewhere.
        expect(settled).toEqual(["INTERNAL", ...count(50)]);
        expect(await outcomes(count(20).map((index) => pool.run(job("echo"), index)))).toEqual(count(20));
      });
    }
  }

  test("because it cannot be started", async () => {
    const pool = poolOf("./missing-worker.ts", 2);
    expect(await outcomes(count(20).map((index) => pool.run(job("echo"), index)))).toEqual(count(20));
  });
});

describe("runAll", () => {
  test("returns results in the order of the parts", async () => {
    expect(await runAll(testPool(2), job("echo"), count(100), (part) => part * 2)).toEqual(
      count(100).map((part) => part * 2),
    );
    expect(await runAll(testPool(2), job("echo"), [], (part: number) => part)).toEqual([]);
  });

  test("after a failure begins no more, and throws when all that had begun have ended", async () => {
    let [running, begun] = [0, 0];
    const runner: Runner = {
      parallelism: 2,
      isVolumeSlow: false,
      get withoutWaits() {
        return this;
      },
      start: () => undefined,
      expectWaits: () => undefined,
      expectLongJobs: () => undefined,
      whilePreparing: (prepare) => prepare(),
      async run<Input, Output>(_: Job<Input, Output>, input: Input): Promise<Output> {
        begun += 1;
        running += 1;
        await Bun.sleep(input === 0 ? 1 : 20);
        running -= 1;
        if (input === 0) throw new BtdtError("SYSTEM", "failed on purpose");
        return input as never;
      },
      runSharing() {
        throw new Error("unreachable");
      },
    };
    const error: unknown = await runAll(runner, job("echo"), count(100), (part) => part).catch(
      (reason: unknown) => reason,
    );
    expect(error).toEqual(expect.objectContaining({ code: "SYSTEM" }));
    expect([running, begun]).toEqual([0, 4]);
  });
});

describe("inputs with a shared part are complete, whichever was shared last,", () => {
  const scratch = Scratch.use();
  const runners: readonly (readonly [string, () => Runner])[] = [
    ["in threads", () => realPool(3)],
    ["in this thread", () => new InlineRunner({ isCancelled: () => false })],
  ];
  for (const [where, runner] of runners) {
    test(where, async () => {
      const names = count(40).map((index) => `d${String(index).padStart(2, "0")}`);
      const { payload } = manifestOf(directory(Object.fromEntries(names.map((name) => [name, directory()]))));
      const roots = ["a", "b"].map((root) => scratch.path(root));
      for (const root of roots) {
        for (const name of names) mkdirSync(join(root, name), { mode: 0o700, recursive: true });
      }
      const shared = roots.map((root) => ({ payload, root: bytesFromText(root), unchanged: undefined }));
      const ranges = names.map((_, index) => ({
        firstDirectory: index + 1,
        firstLeaf: 0,
        endDirectory: index + 2,
      }));
      const alternating = runner();
      await Promise.all(
        ranges.flatMap((range) =>
          shared.map((each) => alternating.runSharing(finishDirectoriesJob, each, range)),
        ),
      );
      for (const root of roots) {
        for (const name of names) expect(statSync(join(root, name)).mode & 0o777).toBe(0o755);
      }
    });
  }
});

test("a pool of one is the calling thread", async () => {
  const pool = new WorkerPool(startThreads(1), () => {
    throw new Error("unreachable");
  });
  expect(await outcomes(count(10).map((index) => pool.run(job("echo"), index)))).toEqual(count(10));
  const failing: Job<number, number> = {
    name: "fails",
    run() {
      throw new BtdtError("SYSTEM", "failed on purpose");
    },
  };
  expect(await outcomes([pool.run(failing, 1)])).toEqual(["SYSTEM"]);
});

test("the inline runner runs at once, in this thread", async () => {
  const runner = new InlineRunner({ isCancelled: () => true });
  const answer = await runner.run(
    { name: "x", run: (input: number, context) => [input, context.isCancelled()] },
    5,
  );
  expect(answer).toEqual([5, true]);
});

test("the work of jobs is reported, wherever they ran, unless they failed", async () => {
  const told: number[] = [];
  const pool = new WorkerPool(
    startThreads(2),
    () => new Worker(new URL("./test-worker.ts", import.meta.url).href),
    ({ files }) => told.push(files ?? 0),
  );
  pools.push(pool);
  const counted: Job<number, number> = {
    ...job("echo"),
    workOf: (input, output) => ({ files: input + output }),
  };
  await Promise.all(count(200).map((index) => pool.run(counted, index)));
  expect(told.toSorted((left, right) => left - right)).toEqual(count(200).map((index) => 2 * index));
  told.length = 0;
  const inTwoParts: Job<{ readonly shared: number; readonly own: number }, unknown> = {
    name: "echo",
    run: ({ own }) => own,
    workOf: ({ shared, own }) => ({ files: shared + own }),
  };
  const shared = { shared: 1000 };
  await Promise.all(count(200).map((own) => pool.runSharing(inTwoParts, shared, { own })));
  expect(told.toSorted((left, right) => left - right)).toEqual(count(200).map((own) => 1000 + own));
  const inline = new InlineRunner({ isCancelled: () => false }, ({ files }) => told.push(files ?? 0));
  await inline.run(counted, 1000);
  expect(told.at(-1)).toBe(2000);
  const fail = (): never => {
    throw new BtdtError("SYSTEM", "failed on purpose");
  };
  expect(await outcomes([inline.run({ ...counted, run: fail }, 1)])).toEqual(["SYSTEM"]);
  expect(told).toHaveLength(201);
});
