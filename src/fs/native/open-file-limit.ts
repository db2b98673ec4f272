import { dlopen } from "bun:ffi";
import { platform } from "node:os";

/**
 * The soft limit of open files that this process was started with. The runtime raises it to the hard limit before any
 * code runs, and commands started by this process would inherit that: some then close, or allocate memory for, every
 * possible descriptor.
 *
 * Before the runtime starts, `link/launcher/launcher.c` notes the limit in an entry of the auxiliary vector. An
 * executable without the launcher (macOS, `--dynamic`) has no such entry; there, commands inherit the raised limit.
 */
const AT_BTDT_SOFT_LIMIT = 0x62_74_64_74n;
const RLIMIT_NOFILE = 7;

/** Calls `action` with the limit lowered to the original one. `action` must be synchronous. */
export function withOriginalFileLimit<Result>(action: () => Result): Result {
  if (platform() !== "linux") return action();
  const { symbols } = dlopen("libc.so.6", {
    getauxval: { args: ["u64"], returns: "u64" },
    getrlimit: { args: ["i32", "ptr"], returns: "i32" },
    setrlimit: { args: ["i32", "ptr"], returns: "i32" },
  });
  const original = symbols.getauxval(AT_BTDT_SOFT_LIMIT);
  /** `struct rlimit`: soft, hard. */
  const raised = new BigUint64Array(2);
  const [, hard = 0n] = symbols.getrlimit(RLIMIT_NOFILE, raised) === 0 ? raised : [];
  // An absent entry reads as 0, a limit with which nothing could have started.
  if (original === 0n || original > hard) return action();
  symbols.setrlimit(RLIMIT_NOFILE, BigUint64Array.of(original, hard));
  try {
    return action();
  } finally {
    symbols.setrlimit(RLIMIT_NOFILE, raised);
  }
}
