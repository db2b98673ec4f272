import type { Random } from "../support/random.ts";
import type { ArchiveSamples } from "./archive-samples.ts";
import { checkDecoding, checkExtraction } from "./check-archive.ts";
import { hostileEntries } from "./hostile-entries.ts";
import { mutateArchive } from "./mutate-archive.ts";

/** Decodes one archive, in this process. @throws for a fault of btdt */
export async function runArchiveCase(
  samples: ArchiveSamples,
  scratch: string,
  random: Random,
): Promise<void> {
  if (random.isLucky(1 / 4)) await checkExtraction(hostileEntries(random), scratch);
  else await checkDecoding(mutateArchive(samples, random), scratch);
}
