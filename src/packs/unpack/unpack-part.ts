import type { Runner } from "../../work/job.ts";
import type { UnpackBlocksInput, UnpackedBlocks } from "./block-unpacker.ts";
import { unpackBlocksJob } from "./unpack-blocks.ts";
import type { UnpackPart } from "./unpack-plan.ts";

/** What all parts of a plan share. */
export type UnpackSetup = Omit<UnpackBlocksInput, keyof UnpackPart | "access">;

/**
 * Unpacks a part of a plan, in more than one job if the first takes long: signals are handled in between. A block in the
 * middle of which a job stops is read again.
 * @throws BtdtError, CANCELLED among others; a `node:fs` error: the destination cannot be written
 */
export async function unpackPart(
  runner: Runner,
  setup: UnpackSetup,
  part: UnpackPart & Pick<UnpackBlocksInput, "access">,
): Promise<UnpackedBlocks> {
  let rest = part;
  let total = await runner.runSharing(unpackBlocksJob, setup, rest);
  while (total.nextPlace < part.endPlace) {
    const firstPlace = total.nextPlace;
    rest = { ...rest, firstPlace, blocks: rest.blocks.filter(({ endPlace }) => endPlace > firstPlace) };
    await new Promise<void>((resolve) => setImmediate(resolve));
    const next: UnpackedBlocks = await runner.runSharing(unpackBlocksJob, setup, rest);
    total = {
      fileCount: total.fileCount + next.fileCount,
      contentBytes: total.contentBytes + next.contentBytes,
      problems: [...total.problems, ...next.problems],
      damagedBlocks: [...total.damagedBlocks, ...next.damagedBlocks],
      nextPlace: next.nextPlace,
    };
  }
  return total;
}
