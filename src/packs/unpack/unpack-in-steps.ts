import type { Runner } from "../../work/job.ts";
import type { UnpackBlocksInput, UnpackedBlocks } from "./block-unpacker.ts";
import { unpackBlocksJob } from "./unpack-blocks.ts";
import type { UnpackPart } from "./unpack-plan.ts";

/** What all parts of a plan share. */
export type UnpackSetup = Omit<UnpackBlocksInput, keyof UnpackPart | "access">;

/**
 * Unpacks a part of a plan, in more than one job if the first takes long: signals are handled in between. A block in
 * the middle of which a job stops is read again.
 * @throws BtdtError, CANCELLED among others; a `node:fs` error: the destination cannot be written
 */
export async function unpackInSteps(
  runner: Runner,
  setup: UnpackSetup,
  part: UnpackPart & Pick<UnpackBlocksInput, "access">,
): Promise<UnpackedBlocks> {
  const outputs: UnpackedBlocks[] = [];
  for (let firstPlace = part.firstPlace; firstPlace < part.endPlace; ) {
    const blocks = part.blocks.filter(({ endPlace }) => endPlace > firstPlace);
    const output = await runner.runSharing(unpackBlocksJob, setup, { ...part, firstPlace, blocks });
    outputs.push(output);
    firstPlace = output.nextPlace;
    if (firstPlace < part.endPlace) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return {
    fileCount: outputs.reduce((sum, { fileCount }) => sum + fileCount, 0),
    contentBytes: outputs.reduce((sum, { contentBytes }) => sum + contentBytes, 0),
    problems: outputs.flatMap(({ problems }) => problems),
    damagedBlocks: outputs.flatMap(({ damagedBlocks }) => damagedBlocks),
    nextPlace: part.endPlace,
  };
}
