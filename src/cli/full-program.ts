/** Command lines that are not in the common form (see `parser/parse-words.ts`): mistakes and `--help`, above all. */
import { Command, CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { version } from "../../package.json" with { type: "json" };
import { BtdtError } from "../base/errors.ts";
import type { CommandContext } from "./command-context.ts";
import { resolveAlias } from "./commands/load-command.ts";
import { ExitCode } from "./exit-codes.ts";
import { HELP_STYLE } from "./help-style.ts";
import { buildCommand } from "./parser/build-command.ts";
import type { CommandDeclaration } from "./parser/command.ts";
import { prepareRun } from "./prepare-run.ts";

const PROGRAM_OPTIONS: ReadonlySet<string> = new Set(["-h", "--help", "-V", "--version"]);
const HELP_COLUMNS = 100;
const NARROWEST_HELP_COLUMNS = 40;

/**
 * Parses any command line and runs the command.
 * @param words without those of a child command
 * @param declarations those that the words, the help or a usage error may need
 * @throws BtdtError, USAGE among others
 */
export async function runFullProgram(
  words: readonly string[],
  declarations: readonly CommandDeclaration[],
  context: CommandContext,
): Promise<void> {
  const program = new Command("btdt")
    .description("Been there, done that: cache directories between CI runs.")
    .version(version)
    .addHelpText(
      "after",
      "\nExit status: 0 done, 1 error, 2 usage error, 3 restored a fallback key, 4 no key found",
    );
  const declared = new Map(declarations.map((declaration) => [buildCommand(declaration), declaration]));
  for (const command of declared.keys()) program.addCommand(command);
  program.hook("preAction", (_program, command) => {
    const declaration = declared.get(command);
    const isGiven = (key: string): boolean => command.getOptionValueSource(key) === "cli";
    if (declaration !== undefined) prepareRun(declaration, command.opts(), isGiven, context);
  });
  await parse(program, correctWords(words, program), context);
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

/** @throws BtdtError USAGE, and what the command throws */
async function parse(program: Command, words: readonly string[], context: CommandContext): Promise<void> {
  let complaint = "";
  const collectComplaint = (text: string): void => {
    complaint += text;
  };
  for (const command of [program, ...program.commands] as CommandUnknownOpts[]) {
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

/** Wider text is hard to read, and narrower columns would hold one word each. */
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
