import { dlopen } from "bun:ffi";
import { readFileSync } from "node:fs";
import { errnoOf } from "../errno.ts";
import { IS_LINUX } from "./is-linux.ts";

/**
 * The soft limit of open files that this process was started with. The runtime raises it to the hard limit before any
 * code runs, and commands started by this process would inherit that: some then close, or allocate memory for, every
 * possible descriptor.
 *
 * Before the runtime starts, `link/launcher/launcher.c` notes the limit in an entry of the auxiliary vector. An
 * executable without the launcher (`--dynamic`) has no such entry; there, the parent's limit is the best guess: it is
 * wrong only if a shell lowered its own limit and was then replaced by btdt (`ulimit -Sn 500; exec btdt`). On macOS, no
 * process can see another one's limits, so commands inherit the raised one, as with every program of this runtime.
 */
const AT_BTDT_SOFT_LIMIT = 0x62_74_64_74n;
const RLIMIT_NOFILE = 7;

/** Calls `action` with the limit lowered to the original one. `action` must be synchronous. */
export function withOriginalFileLimit<Result>(action: () => Result): Result {
  if (!IS_LINUX) return action();
  const { symbols } = dlopen("libc.so.6", {
    getppid: { args: [], returns: "i32" },
    getauxval: { args: ["u64"], returns: "u64" },
    getrlimit: { args: ["i32", "ptr"], returns: "i32" },
    setrlimit: { args: ["i32", "ptr"], returns: "i32" },
  });
  // An absent entry reads as 0, a limit with which nothing could have started.
  const original = symbols.getauxval(AT_BTDT_SOFT_LIMIT) || readLimitOf(symbols.getppid());
  /** `struct rlimit`: soft, hard. */
  const raised = new BigUint64Array(2);
  const [, hard = 0n] = symbols.getrlimit(RLIMIT_NOFILE, raised) === 0 ? raised : [];
  if (original === undefined || original > hard) return action();
  symbols.setrlimit(RLIMIT_NOFILE, BigUint64Array.of(original, hard));
  try {
    return action();
  } finally {
    symbols.setrlimit(RLIMIT_NOFILE, raised);
  }
}

/** Undefined if it is unlimited, or unknown. */
function readLimitOf(processId: number): bigint | undefined {
  try {
    const limits = readFileSync(`/proc/${processId}/limits`, "latin1");
    const [, soft] = /^Max open files +(\d+) /m.exec(limits) ?? [];
    return soft === undefined ? undefined : BigInt(soft);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
