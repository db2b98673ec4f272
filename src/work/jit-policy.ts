import { markLightFunctions } from "../base/compile-lightly.ts";

/**
 * How late the engine compiles what runs often, for `Bun.unsafe.setJITPolicy`: as a multiple of its own thresholds. The
 * executable starts with a later one, see `link/bundle.ts`.
 */
export const JIT_POLICY = {
  /**
   * Where threads are worth their start, there is much work for each. Later than the engine's default: with that,
   * compilers take a third of the time outside the kernel for a thousand files, and with sixty thousand there is no
   * difference.
   */
  normal: 5,
  /**
   * Each of many threads would compile for itself what it runs for a few hundred files: on a slow volume, that would
   * take a fifth of the processor time.
   */
  sparing: 30,
} as const;

/** To be called in each thread before there is much to do. @param policy one of the above */
export function adoptJitPolicy(policy: number): void {
  markLightFunctions();
  Bun.unsafe.setJITPolicy(policy);
}
