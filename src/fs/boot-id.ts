import { errnoOf } from "./errno.ts";
import { nodeFs } from "./node-fs.ts";

const BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id";

let known: string | undefined;

/**
 * Identifies the current boot of this machine, as 32 hexadecimal digits. What was written but not flushed in one boot
 * may be lost in the next. If the kernel does not tell, each process counts as a separate boot: then nothing is
 * trusted that another process has not flushed.
 */
export function readBootId(): string {
  known ??= readKernelBootId() ?? crypto.randomUUID().replaceAll("-", "");
  return known;
}

function readKernelBootId(): string | undefined {
  try {
    const id = nodeFs().readFileSync(BOOT_ID_FILE, "latin1").trim().replaceAll("-", "");
    return /^[0-9a-f]{32}$/.test(id) ? id : undefined;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
