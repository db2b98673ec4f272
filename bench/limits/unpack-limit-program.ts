/**
 * What the runtime adds to a restore of packs: `pack-limit restore` (see pack-limit.c) once more, from the same files
 * and with as many threads, through the functions that btdt uses to call the kernel and zstd. No manifest is parsed,
 * nothing is planned, and nothing is done about a call that fails.
 *
 * `unpack-limit-program PACK COPY THREADS`
 */
import { openSync, readSync, statSync } from "node:fs";
import { type ByteString, bytesFromText } from "../../src/base/byte-string.ts";
import { adoptJitPolicy, JIT_POLICY } from "../../src/work/jit-policy.ts";
import { Unpacker, type UnpackSetup } from "./unpacker.ts";

const [packPath = "", copy = "", threads = "1"] = process.argv.slice(2);
await restore(packPath, bytesFromText(copy), Number(threads));

async function restore(packPath: string, root: ByteString, threadCount: number): Promise<void> {
  adoptJitPolicy(JIT_POLICY.normal);
  const workers = Array.from(
    { length: threadCount - 1 },
    () => new Worker(new URL("./unpack-limit-worker.ts", import.meta.url).href),
  );
  const setup: UnpackSetup = {
    lists: readLists(`${packPath}.list`),
    nextBlock: new Int32Array(new SharedArrayBuffer(4)),
    root,
    descriptor: openSync(packPath, "r"),
  };
  const unpacker = new Unpacker(setup);
  unpacker.makeDirectories();
  const others = workers.map(
    (worker) =>
      new Promise<void>((resolve, reject) => {
        worker.onmessage = () => resolve();
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.postMessage(setup);
      }),
  );
  unpacker.unpackBlocks();
  await Promise.all(others);
  unpacker.finishLargeFiles();
  unpacker.finishDirectories();
  process.exit();
}

function readLists(path: string): SharedArrayBuffer {
  const lists = new SharedArrayBuffer(statSync(path).size);
  readSync(openSync(path, "r"), new Uint8Array(lists));
  return lists;
}
