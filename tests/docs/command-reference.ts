import { join } from "node:path";
import { btdt } from "../support/executable.ts";

export const REFERENCE_PATH = join(import.meta.dir, "../../docs/commands.md");

const INTRODUCTION = `# Commands

What \`btdt --help\` and \`btdt COMMAND --help\` print. \`npm run docs\` writes this file; a test compares it.
`;

/** Names of all commands, in help's order. */
export function commandNames(): string[] {
  const [, list = ""] = helpOf().split("\nCommands:\n");
  const names = [...list.matchAll(/^ {2}(\w+) /gm)].map((match) => match[1] ?? "");
  return names.filter((name) => name !== "help");
}

export function helpOf(...command: string[]): string {
  return btdt([...command, "--help"], { env: plainEnvironment() }).stdout.trimEnd();
}

export function commandReference(): string {
  const sections = [[], ...commandNames().map((name) => [name])].map(
    (command) => `\n## ${["btdt", ...command].join(" ")}\n\n\`\`\`text\n${helpOf(...command)}\n\`\`\`\n`,
  );
  return INTRODUCTION + sections.join("");
}

/** Defaults that come from the environment are shown in help. */
function plainEnvironment(): Record<string, string> {
  const names = Object.keys(process.env).filter((name) => name.startsWith("BTDT_"));
  return Object.fromEntries(names.map((name) => [name, ""]));
}
