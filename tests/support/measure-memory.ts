/** Another process for `memory.ts`: runs a command, and writes to the file it is given what memory that took at most. */
import { writeFileSync } from "node:fs";
import { exitCodeOf } from "./executable.ts";

const [report = "", ...words] = process.argv.slice(2);
const finished = Bun.spawnSync(words, { stdin: "ignore", stdout: "inherit", stderr: "inherit" });
writeFileSync(report, `${finished.resourceUsage.maxRSS}`);
process.exit(exitCodeOf(finished));
