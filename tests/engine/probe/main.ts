/**
 * Tries what btdt relies on in its engine beyond the documented, with btdt's own modules, compiled and linked as btdt
 * is, and prints what came of it as JSON. The first argument says what to try, the second names a directory for its
 * files.
 */
import { writeSync } from "node:fs";
import { compileHot } from "./compile.ts";
import { countUp, type Shares, type ThreadRequest, type Trial, tryOut } from "./threads.ts";

const [what = "", scratch = "."] = process.argv.slice(2);

function inWorker(request: ThreadRequest): Promise<unknown> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url).href);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  worker.onmessage = (event: MessageEvent<unknown>) => resolve(event.data);
  worker.onerror = (event) => reject(new Error(event.message));
  worker.postMessage(request);
  return promise.finally(() => worker.terminate());
}

async function inBothThreads(trial: Trial): Promise<unknown> {
  return [tryOut(trial, scratch), await inWorker({ kind: "try", trial, scratch })];
}

function makeShares(): Shares {
  const memory = new SharedArrayBuffer(64);
  return {
    counter: new BigInt64Array(memory, 0, 1),
    nested: { part: new Uint8Array(memory, 16, 4), list: [new Int32Array(memory, 32, 2)] },
    copied: new Uint8Array(4),
  };
}

async function share(): Promise<unknown> {
  const shares = makeShares();
  const there = inWorker({ kind: "share", shares });
  countUp(shares.counter);
  const copiedThere = (await there) as Uint8Array;
  return {
    counted: Number(shares.counter[0]),
    part: [...shares.nested.part],
    words: [...(shares.nested.list[0] ?? [])],
    copiedThere: [...copiedThere],
    copiedHere: [...shares.copied],
  };
}

/** A thread that is never without its next `setImmediate` still hears messages, signals and timers. */
async function takeTurns(): Promise<unknown> {
  const signal = Promise.withResolvers<string>();
  const timer = Promise.withResolvers<string>();
  let isHeard = false;
  const next = (): void => {
    if (!isHeard) setImmediate(next);
  };
  next();
  process.once("SIGUSR2", () => signal.resolve("signal"));
  process.kill(process.pid, "SIGUSR2");
  setTimeout(() => timer.resolve("timer"), 1);
  const message = inWorker({ kind: "share", shares: makeShares() }).then(() => "message");
  const heard = await Promise.all([signal.promise, timer.promise, message]);
  isHeard = true;
  return heard;
}

function answer(): unknown {
  switch (what) {
    case "tricks":
    case "libc":
      return inBothThreads(what);
    case "threads":
      return share();
    case "turns":
      return takeTurns();
    case "compile":
      return compileHot(false);
    case "compile-lightly":
      return compileHot(true);
    default:
      throw new Error(`nothing to try is called "${what}"`);
  }
}

writeSync(1, JSON.stringify(await answer()));
process.exit(0);
