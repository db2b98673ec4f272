/** Each further thread of unpack-limit-program.ts. It must stay next to that. */
import { adoptJitPolicy, JIT_POLICY } from "../../src/work/jit-policy.ts";
import { Unpacker, type UnpackSetup } from "./unpacker.ts";

declare const self: Worker;

self.onmessage = ({ data }: MessageEvent<UnpackSetup>) => {
  adoptJitPolicy(JIT_POLICY.normal);
  new Unpacker(data).unpackBlocks();
  self.postMessage("done");
};
