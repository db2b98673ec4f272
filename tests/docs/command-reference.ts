import { join } from "node:path";
import { btdt } from "../support/executable.ts";

export const REFERENCE_PATH = join(import.meta.dir, "../../docs/commands.md");

const INTRODUCTION = `# Commands

All commands and options, for looking up: the output of \`btdt --help\` and \`btdt COMMAND --help\`. \`npm run docs\` writes this file, and
a test keeps it up to date.

## Environment variables

Options marked \`(env: BTDT_NAME)\` can also be set by that variable, in every command that has the option. The command line wins: a
list given there replaces the one in the variable. An empty variable counts as not set; one with an invalid value is a usage error
(exit status 2).

| option | value of the variable |
| --- | --- |
| with a value | the value: \`BTDT_MAX_SIZE=10GiB\` |
| with a value, repeatable | one value per line; surrounding spaces and empty lines are ignored. Keys and prefixes can also be separated by commas, as on the command line; globs cannot |
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

/** The names of all commands, in the order of the help. */
export function commandNames(): string[] {
  const [, list = ""] = helpOf().split("\nCommands:\n");
  const names = [...list.matchAll(/^ {2}(\w+)(?:\|\w+)? /gm)].map((match) => match[1] ?? "");
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
