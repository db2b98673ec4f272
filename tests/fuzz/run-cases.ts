import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../support/random.ts";
import { runArchiveCase } from "./archive-cases.ts";
import { makeArchiveSamples } from "./archive-samples.ts";
import { makeCacheSample } from "./cache-samples.ts";
import { runCacheCase, runImportCase } from "./executable-cases.ts";
import { runFormatCase } from "./format-cases.ts";

/** `archive` and `format` decode in this process; `cache` and `import` run the executable. */
export const CASE_KINDS = ["archive", "format", "cache", "import"] as const;
export type CaseKind = (typeof CASE_KINDS)[number];

/** Runs one case by its number, which, with the seed, determines everything about it. @throws for a fault of btdt */
export type CaseRunner = (kind: CaseKind, number: number) => Promise<void>;

/** @param scratch an empty directory */
export async function prepareCases(scratch: string, seed: number): Promise<CaseRunner> {
  const [sampleDirectory, caseDirectory] = [join(scratch, "sample"), join(scratch, "cases")];
  mkdirSync(sampleDirectory);
  mkdirSync(caseDirectory);
  const archives = await makeArchiveSamples();
  const cache = makeCacheSample(sampleDirectory);
  return async (kind, number) => {
    const random = new Random(`${seed}/${kind}/${number}`);
    switch (kind) {
      case "archive":
        await runArchiveCase(archives, caseDirectory, random);
        break;
      case "format":
        runFormatCase(cache, random);
        break;
      case "cache":
        runCacheCase(cache, caseDirectory, random);
        break;
      case "import":
        runImportCase(archives, cache, caseDirectory, random);
        break;
    }
  };
}
