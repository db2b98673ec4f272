/**
 * The command line comes in here. `--version` is answered at once, and nothing else is loaded for it: scripts ask for
 * it often.
 */
import { writeSync } from "node:fs";
import packageJson from "../package.json" with { type: "json" };

const STDOUT = 1;

/** Whether it has been printed. Why it could not be is found, and reported, where other results are printed. */
function printVersion(): boolean {
  const line = `${packageJson.version}\n`;
  try {
    return writeSync(STDOUT, line) === line.length;
  } catch {
    return false;
  }
}

const words = process.argv.slice(2);
const asksForVersion = words.length === 1 && (words[0] === "--version" || words[0] === "-V");
if (!asksForVersion || !printVersion()) await import("./run-command.ts");
