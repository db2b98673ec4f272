/**
 * The command line: words in, a command run, an exit code set. `commands/` has one file for each command, `options/`
 * the options that several share, `progress/` what is shown during long work, `completion/` the scripts for shells.
 */
import { Command, CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { version } from "../../package.json" with { type: "json" };
import { BtdtError } from "../base/errors.ts";
import type { CommandContext } from "./command-context.ts";
import { listCommandLoaders, resolveAlias } from "./commands/command-loaders.ts";
import { ExitCode } from "./exit-codes.ts";
import { HELP_STYLE } from "./help-style.ts";
import { defineJobsOption, WORK_ON_TREES } from "./options/jobs-option.ts";
import { bindVariables } from "./options/option-variables.ts";
import { defineRefusedReadOnlyOption, refuseReadOnly, WRITE_TO_CACHES } from "./options/read-only-option.ts";
import { chooseVerbosity, defineQuietOption, defineVerboseOption } from "./options/verbosity.ts";
import { splitChildCommand } from "./split-child-command.ts";

/** The child's output, an archive, a script or a page has stdout to itself. */
const HAVE_NO_JSON: ReadonlySet<string> = new Set(["run", "completion", "export", "report"]);
const PROGRAM_OPTIONS: ReadonlySet<string> = new Set(["-h", "--help", "-V", "--version"]);
const HELP_COLUMNS = 100;
const NARROWEST_HELP_COLUMNS = 40;

/**
 * Parses the command line and runs the command.
 * @param words without the executable's name
 * @throws BtdtError, USAGE among others
 */
export async function runProgram(words: readonly string[], context: CommandContext): Promise<void> {
  const { ownWords, childCommand } = splitChildCommand(words);
  const program = new Command("btdt")
    .description("Been there, done that: cache directories between CI runs.")
    .version(version)
    .addHelpText(
      "after",
      "\nExit status: 0 done, 1 error, 2 usage error, 3 restored a fallback key, 4 no key found",
    );
  const variableBinders = new Map<CommandUnknownOpts, ReturnType<typeof bindVariables>>();
  const loaders = listCommandLoaders(context, childCommand, (command) => {
    addCommonOptions(command);
    variableBinders.set(command, bindVariables(command));
    return command;
  });
  for (const load of chooseLoaders(loaders, ownWords[0])) program.addCommand(await load());
  // Before parsing, so that usage errors are JSON as well.
  if (!HAVE_NO_JSON.has(ownWords[0] ?? "") && ownWords.includes("--json")) context.output.useJson();
  program.hook("preAction", (_program, command) => {
    variableBinders.get(command)?.(context.environment.variables);
    refuseReadOnly(command.name(), command.opts());
    context.output.setVerbosity(chooseVerbosity(command.opts()));
    const jobs: unknown = command.getOptionValue("jobs");
    if (typeof jobs === "number") context.fixThreadCount(jobs);
  });
  if (words.length === 0) {
    throw new BtdtError("USAGE", "no command given", {
      hint: `${program.commands.map((command) => command.name()).join(", ")}; see btdt --help`,
    });
  }
  await parse(program, correctWords(ownWords, program), context);
}

/**
 * `help nope` fails as `nope` does. Options of commands are expected after the command.
 * @throws BtdtError USAGE
 */
function correctWords(words: readonly string[], program: Command): readonly string[] {
  const [first = "", second] = words;
  const isCommand = (word: string): boolean =>
    program.commands.some((command) => command.name() === resolveAlias(word));
  if (first === "help" && second !== undefined && !second.startsWith("-") && !isCommand(second)) {
    return [second];
  }
  const command = words.find(isCommand);
  if (first.startsWith("-") && !PROGRAM_OPTIONS.has(first) && command !== undefined) {
    throw new BtdtError("USAGE", `${first} comes before the command`, {
      hint: `write options after it: btdt ${command} ${first}`,
    });
  }
  return words;
}

type Loaders = ReturnType<typeof listCommandLoaders>;

/** Only the named command, unless help or a usage error may need all of them. */
function chooseLoaders(loaders: Loaders, name: string | undefined): readonly Loaders[string][] {
  if (name === "--version" || name === "-V") return [];
  const command = name === undefined ? undefined : resolveAlias(name);
  const named = command !== undefined && Object.hasOwn(loaders, command) ? loaders[command] : undefined;
  return named === undefined ? Object.values(loaders) : [named];
}

/** Gives a command the options that all of them have. */
export function addCommonOptions(command: CommandUnknownOpts): void {
  command.addOption(defineQuietOption()).addOption(defineVerboseOption());
  if (WRITE_TO_CACHES.has(command.name())) command.addOption(defineRefusedReadOnlyOption());
  if (WORK_ON_TREES.has(command.name())) command.addOption(defineJobsOption());
  if (!HAVE_NO_JSON.has(command.name())) command.option("--json", "print the result or error as JSON", false);
}

/** @throws BtdtError USAGE, and what the command throws */
async function parse(program: Command, words: readonly string[], context: CommandContext): Promise<void> {
  let complaint = "";
  const collectComplaint = (text: string): void => {
    complaint += text;
  };
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureHelp(HELP_STYLE)
      .configureOutput({
        writeOut: (text) => context.output.printText(text),
        writeErr: collectComplaint,
        outputError: collectComplaint,
        // The defaults look at process.stdout, which costs more than everything else here.
        getOutHelpWidth: () => chooseHelpColumns(context.output.measureColumns()),
        getErrHelpWidth: () => HELP_COLUMNS,
        getOutHasColors: () => false,
        getErrHasColors: () => false,
      });
  }
  try {
    await program.parseAsync([...words], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help or the version was asked for, and has been printed.
    if (error.exitCode === 0) context.setExitCode(ExitCode.DONE);
    else throw new BtdtError("USAGE", joinLines(complaint), { hint: "see btdt --help" });
  }
}

/** Wider text is hard to read, and narrower columns would have a word each. */
function chooseHelpColumns(columns = HELP_COLUMNS): number {
  return Math.min(Math.max(columns, NARROWEST_HELP_COLUMNS), HELP_COLUMNS);
}

/** `error: unknown option '--kye'\n(Did you mean --keys?)` on one line, without the prefix. */
function joinLines(text: string): string {
  return text
    .trim()
    .replace(/^error: /, "")
    .replaceAll(/\s*\n\s*/g, " ")
    .replace(/\.$/, "");
}
