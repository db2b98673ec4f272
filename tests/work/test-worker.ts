/** A worker for the pool's tests: what it is told to do is in the job's name. */
import type { JobReply, JobRequest, WorkerSetup } from "../../src/work/messages.ts";

declare const self: Worker;

let cancelFlag: Int32Array = new Int32Array(1);

self.onmessage = (event: MessageEvent<WorkerSetup | JobRequest>) => {
  const message = event.data;
  if ("cancelFlag" in message) {
    cancelFlag = message.cancelFlag;
    return;
  }
  switch (message.jobName) {
    case "crash":
      throw new Error("crashed on purpose");
    case "exit":
      process.exit(3);
      break;
    case "wait-for-cancel":
      while (Atomics.load(cancelFlag, 0) === 0) Bun.sleepSync(1);
      break;
  }
  const reply: JobReply = { id: message.id, ok: true, output: message.input };
  self.postMessage(reply);
};
