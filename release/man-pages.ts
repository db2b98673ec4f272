import { type CommandUnknownOpts, Help } from "@commander-js/extra-typings";
import { HELP_STYLE } from "../src/cli/help-style.ts";
import type { ReleaseFile } from "./release-file.ts";
import { escapeRoff, formatTerm } from "./roff.ts";

/** What all pages have in their headers. */
interface Edition {
  readonly version: string;
  /** `2026-11-27`. */
  readonly date: string;
}

const EXIT_STATUS: readonly (readonly [string, string])[] = [
  ["0", "done; for restore: the primary key was restored"],
  ["1", "error"],
  ["2", "usage error"],
  ["3", "a fallback key was restored"],
  ["4", "no key was found"],
];

/** `btdt.1` and a page for each command, from what `--help` prints. */
export function writeManPages(commands: readonly CommandUnknownOpts[], edition: Edition): ReleaseFile[] {
  return [
    writePage("btdt.1", writeOverview(commands, edition)),
    ...commands.map((command) => writePage(`btdt-${command.name()}.1`, writeCommandPage(command, edition))),
  ];
}

function writePage(name: string, lines: readonly string[]): ReleaseFile {
  return { path: name, mode: 0o644, bytes: Buffer.from(`${lines.join("\n")}\n`) };
}

function writeOverview(commands: readonly CommandUnknownOpts[], edition: Edition): string[] {
  return [
    header("BTDT", edition),
    ".SH NAME",
    "btdt \\- cache directories between CI runs",
    ".SH SYNOPSIS",
    ".B btdt",
    ".I command",
    "[\\fIoptions\\fR]",
    ".SH DESCRIPTION",
    "btdt caches directories between runs of a pipeline, each under a key. There is no server: the cache is a directory, and any number of",
    "processes can use it at the same time. Restoring is linking where that is safe.",
    ".SH COMMANDS",
    ...commands.flatMap((command) => [
      ".TP",
      `.BR btdt\\-${escapeRoff(command.name())} (1)`,
      escapeRoff(sentence(command.summary())),
    ]),
    ".SH EXIT STATUS",
    ...EXIT_STATUS.flatMap(([code, meaning]) => [".TP", `.B ${code}`, meaning]),
    ".SH ENVIRONMENT",
    "Options that name a variable in their description can be set by it. The command line wins. An empty variable counts as not set.",
    ".SH SEE ALSO",
    seeAlso(commands.map((command) => command.name())),
  ];
}

function writeCommandPage(command: CommandUnknownOpts, edition: Edition): string[] {
  const help = Object.assign(new Help(), HELP_STYLE);
  const name = `btdt-${command.name()}`;
  const synopsis = help.commandUsage(command).replace(/^\S+ /, "");
  const options = help.visibleOptions(command);
  const described = help.visibleArguments(command);
  return [
    header(name.toUpperCase(), edition),
    ".SH NAME",
    `${escapeRoff(name)} \\- ${escapeRoff(command.summary())}`,
    ".SH SYNOPSIS",
    `.B btdt ${escapeRoff(command.name())}`,
    escapeRoff(synopsis),
    ".SH DESCRIPTION",
    escapeRoff(command.description()),
    ...(described.length === 0 ? [] : [".SH ARGUMENTS"]),
    ...described.flatMap((argument) => [
      ".TP",
      `\\fI${escapeRoff(help.argumentTerm(argument))}\\fR`,
      escapeRoff(sentence(help.argumentDescription(argument))),
    ]),
    ".SH OPTIONS",
    ...options.flatMap((option) => [
      ".TP",
      formatTerm(help.optionTerm(option)),
      escapeRoff(sentence(help.optionDescription(option))),
    ]),
    ...writeExamples(command),
    ".SH SEE ALSO",
    ".BR btdt (1)",
  ];
}

/** What the help prints after the options: headings that end in a colon, and indented lines. */
function writeExamples(command: CommandUnknownOpts): string[] {
  let text = "";
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  const after = (command.outputHelp(), text.slice(command.helpInformation().length)).trim();
  if (after === "") return [];
  return after.split("\n\n").flatMap((part) => {
    const [first = "", ...lines] = part.split("\n");
    const heading = /^(\w[\w ]*):$/.exec(first)?.[1];
    if (heading === undefined) return [".SH NOTES", escapeRoff(part)];
    const indented = lines.map((line) => escapeRoff(line.replace(/^ {2}/, "")));
    return [`.SH ${heading.toUpperCase()}`, ".nf", indented.join("\n"), ".fi"];
  });
}

function header(title: string, { version, date }: Edition): string {
  return `.TH ${escapeRoff(title)} 1 "${date}" "btdt ${version}" "btdt manual"`;
}

function seeAlso(names: readonly string[]): string {
  return names
    .map((name, index) => `.BR btdt\\-${name} (1)${index === names.length - 1 ? "" : ","}`)
    .join("\n");
}

/** With a capital at the start and a full stop at the end. */
function sentence(text: string): string {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.)]$/.test(start) ? start : `${start}.`;
}
