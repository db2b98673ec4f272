/**
 * The command line comes in here. What scripts ask for often is answered at once: the version, and the digest of a
 * small file. Everything else is loaded, and done, by `run-command.ts`.
 */
import { version } from "../package.json" with { type: "json" };
import { writeOut } from "./fs/write-out.ts";

const STDOUT = 1;

/** Those of `btdt hash`, which knows what they mean. */
const HASH_VARIABLES = ["BTDT_ALGORITHM", "BTDT_JOBS", "BTDT_QUIET", "BTDT_VERBOSE"];

/** Undefined if that takes more than a moment. */
async function findAnswer(words: readonly string[]): Promise<string | undefined> {
  const [first = "", path, ...others] = words;
  if (path === undefined) return first === "--version" || first === "-V" ? version : undefined;
  if (first !== "hash" || others.length > 0 || path.startsWith("-")) return undefined;
  // Perhaps it is not UTF-8, and names another file.
  if (path.includes("\uFFFD")) return undefined;
  if (HASH_VARIABLES.some((name) => process.env[name] !== undefined)) return undefined;
  const { hashAtOnce } = await import("./read/hash-at-once.ts");
  return hashAtOnce(path);
}

/** Whether it has been printed. Why it could not be is found, and reported, where other results are printed. */
function printLine(line: string): boolean {
  const bytes = new TextEncoder().encode(`${line}\n`);
  try {
    for (let written = 0; written < bytes.length; ) written += writeOut(STDOUT, bytes, written);
    return true;
  } catch {
    return false;
  }
}

const words = process.argv.slice(2);
let answer: string | undefined;
let failure: unknown;
try {
  answer = await findAnswer(words);
} catch (error) {
  failure = error;
}
// Ending the process is quicker than letting the runtime find out that nothing is left to do.
if (answer !== undefined && printLine(answer)) process.exit(0);
const { runCommand } = await import("./run-command.ts");
await runCommand(words, failure);
