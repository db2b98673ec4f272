import { BtdtError } from "../../base/errors.ts";
import { Option } from "../parser/option.ts";
import { parseArgument } from "./parse-argument.ts";

/** Each takes about 5 MB. */
const MOST_JOBS = 256;

/** The commands that read or write many files. */
export const WORK_ON_TREES: ReadonlySet<string> = new Set([
  "store",
  "restore",
  "run",
  "clean",
  "verify",
  "hash",
  "export",
  "import",
]);

export function defineJobsOption() {
  return new Option("-j, --jobs <number>", "number of files to work on at once; default: as the volume needs")
    .env("BTDT_JOBS")
    .argParser((text: string) => parseArgument(text, parseJobs));
}

function parseJobs(text: string): number {
  const jobs = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (jobs >= 1 && jobs <= MOST_JOBS) return jobs;
  throw new BtdtError("USAGE", `invalid number "${text}"`, { hint: `use a number from 1 to ${MOST_JOBS}` });
}
