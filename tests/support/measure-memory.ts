/** A separate process for `memory.ts`: runs a command, and writes its peak memory to the given file. */
import { writeFileSync } from "node:fs";
import { exitCodeOf } from "./executable.ts";

const [report = "", ...words] = process.argv.slice(2);
const finished = Bun.spawnSync(words, { stdin: "ignore", stdout: "inherit", stderr: "inherit" });
writeFileSync(report, `${finished.resourceUsage.maxRSS}`);
process.exit(exitCodeOf(finished));
