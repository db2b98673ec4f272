import { errnoOf } from "../fs/errno.ts";
import { nodeFs } from "../fs/node-fs.ts";

/** The text of a file of the kernel; undefined if it cannot be read. */
export function readIfPossible(path: string): string | undefined {
  try {
    return nodeFs().readFileSync(path, "latin1");
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
