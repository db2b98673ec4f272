/** The probe's second thread. */
import { countUp, type Shares, type ThreadRequest, tryOut } from "./threads.ts";

declare const self: Worker;

self.onmessage = (event: MessageEvent<ThreadRequest>) => {
  self.postMessage(answer(event.data));
};

function answer(request: ThreadRequest): unknown {
  switch (request.kind) {
    case "try":
      return tryOut(request.trial, request.scratch);
    case "share":
      return writeInto(request.shares);
  }
}

function writeInto({ counter, nested, copied }: Shares): Uint8Array {
  countUp(counter);
  nested.part[0] = 7;
  const [words] = nested.list;
  if (words !== undefined) Atomics.store(words, 1, -8);
  copied[0] = 9;
  return copied;
}
