import type { Stats } from "node:fs";
import type * as tty from "node:tty";
import { errnoOf } from "../fs/errno.ts";
import { IS_LINUX } from "../fs/native/is-linux.ts";
import { nodeFs } from "../fs/node-fs.ts";

/**
 * Whether output goes to a terminal. Where it plainly does not, `node:tty` is not asked: loading it takes 2 ms. Not
 * through FFI, which fails where executable memory is forbidden, before that can be reported.
 */
export function isTerminal(descriptor: number): boolean {
  const status = statusOf(() => nodeFs().fstatSync(descriptor));
  if (status?.isCharacterDevice() !== true || isNullDevice(status)) return false;
  return (require("node:tty") as typeof tty).isatty(descriptor);
}

/** The number of `/dev/null` on Linux. */
const LINUX_NULL = 0x103;

function isNullDevice({ rdev }: Stats): boolean {
  if (IS_LINUX) return rdev === LINUX_NULL;
  return statusOf(() => nodeFs().statSync("/dev/null"))?.rdev === rdev;
}

/** Undefined if it is closed, or missing. */
function statusOf(read: () => Stats): Stats | undefined {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
