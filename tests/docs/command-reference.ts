import { join } from "node:path";
import { btdt } from "../support/executable.ts";

export const REFERENCE_PATH = join(import.meta.dir, "../../docs/commands.md");

const INTRODUCTION = `# Commands

What \`btdt --help\` and \`btdt COMMAND --help\` print. \`npm run docs\` writes this file; a test compares it.

## Environment variables

Options that say \`(env: BTDT_NAME)\` may come from that variable, in every command that has the option. The command line wins: what is
given there is not added to what the variable has. A variable that is empty counts as not set. One that has a wrong value is
wrong use, exit status 2, as the option would be.

| option | its variable |
| --- | --- |
| with a value | the value: \`BTDT_MAX_SIZE=10GiB\` |
| with a value, repeatable | one on each line; spaces around it and empty lines do not count. Keys and prefixes may stand behind commas as well, as in the option; globs may not |
| without a value | \`1\`, \`true\`, \`yes\` or \`on\`; \`0\`, \`false\`, \`no\` or \`off\` |

\`\`\`sh
export BTDT_EXCLUDE='
  *.log
  .cache/
'
npm ci
btdt store --cache /cache --keys node-modules node_modules
\`\`\`
`;

/** Names of all commands, in help's order. */
export function commandNames(): string[] {
  const [, list = ""] = helpOf().split("\nCommands:\n");
  const names = [...list.matchAll(/^ {2}(\w+) /gm)].map((match) => match[1] ?? "");
  return names.filter((name) => name !== "help");
}

export function helpOf(...command: string[]): string {
  return btdt([...command, "--help"]).stdout.trimEnd();
}

export function commandReference(): string {
  const sections = [[], ...commandNames().map((name) => [name])].map(
    (command) => `\n## ${["btdt", ...command].join(" ")}\n\n\`\`\`text\n${helpOf(...command)}\n\`\`\`\n`,
  );
  return INTRODUCTION + sections.join("");
}
