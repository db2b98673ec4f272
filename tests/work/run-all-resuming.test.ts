import { expect, test } from "bun:test";
import { InlineRunner } from "../../src/work/inline-runner.ts";
import type { Job } from "../../src/work/job.ts";
import { runAllResuming } from "../../src/work/run-all.ts";
import { createStopCheck } from "../../src/work/stop-check.ts";

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Does one number at a time, at most `most` of them: as if each took long. */
const countJob: Job<Range & { readonly most: number }, Range> = {
  name: "count",
  run({ start, end, most }) {
    return { start, end: Math.min(end, start + most) };
  },
};

test("what a job leaves is done by others, and signals are handled in between", async () => {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const runner = new InlineRunner({ isCancelled: () => false });
  const parts = [
    { start: 0, end: 5 },
    { start: 5, end: 6 },
    { start: 6, end: 13 },
  ];
  const outputs = await runAllResuming(runner, countJob, { most: 2 }, parts, (part, done) =>
    done.end < part.end ? [{ start: done.end, end: part.end }] : [],
  );
  isOver = true;
  const numbers = outputs.flatMap(({ start, end }) =>
    Array.from({ length: end - start }, (_, index) => start + index),
  );
  expect(numbers.toSorted((left, right) => left - right)).toEqual([...Array.from({ length: 13 }).keys()]);
  expect(outputs).toHaveLength(3 + 1 + 4);
  expect(turns).toBeGreaterThan(0);
});

test("what a job leaves comes before what nobody has begun: it is of the longest parts", async () => {
  const starts: number[] = [];
  const notedJob: typeof countJob = {
    ...countJob,
    run(input, context) {
      starts.push(input.start);
      return countJob.run(input, context);
    },
  };
  const runner = new InlineRunner({ isCancelled: () => false });
  const parts = [0, 10, 20, 30].map((start) => ({ start, end: start === 0 ? 6 : start + 1 }));
  const outputs = await runAllResuming(runner, notedJob, { most: 2 }, parts, (part, done) =>
    done.end < part.end ? [{ start: done.end, end: part.end }] : [],
  );
  expect(starts.indexOf(2)).toBeLessThan(starts.indexOf(30));
  expect(outputs.map(({ start }) => start)).toEqual([0, 10, 20, 30, 2, 4]);
});

test("a job on the calling thread is overdue after a while, not at first", async () => {
  const waitingJob: Job<null, number> = {
    name: "wait",
    run(_input, context) {
      let asked = 0;
      while (!context.isOverdue()) asked += 1;
      return asked;
    },
  };
  expect(await new InlineRunner({ isCancelled: () => false }).run(waitingJob, null)).toBeGreaterThan(0);
});

test("a thread for which nobody waits goes on while no others could help", () => {
  const overdue = { isCancelled: () => false, isOverdue: () => true };
  const asked = [false, true].map((mayTakeLong) => {
    const hasEnough = createStopCheck({ ...overdue, mayTakeLong }, "stopped");
    return [hasEnough(), hasEnough(true), hasEnough(false)];
  });
  expect(asked).toEqual([
    [true, true, true],
    [true, true, false],
  ]);
});
