import { Command, CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import packageJson from "../../package.json" with { type: "json" };
import { BtdtError } from "../base/errors.ts";
import { cleanCommand } from "./clean-command.ts";
import type { CommandContext } from "./command-context.ts";
import type { CommandWords } from "./completion/command-words.ts";
import { completionCommand } from "./completion-command.ts";
import { deleteCommand } from "./delete-command.ts";
import { ExitCode } from "./exit-codes.ts";
import { exportCommand } from "./export-command.ts";
import { hashCommand } from "./hash-command.ts";
import { importCommand } from "./import-command.ts";
import { inspectCommand } from "./inspect-command.ts";
import { listCommand } from "./list-command.ts";
import { restoreCommand } from "./restore-command.ts";
import { runCommand } from "./run-command.ts";
import { statsCommand } from "./stats-command.ts";
import { storeCommand } from "./store-command.ts";
import { quietOption, verboseOption, verbosityOf } from "./verbosity.ts";

/**
 * Parses the command line and runs the command.
 * @param words without the executable's name
 * @throws BtdtError, USAGE among them
 */
export async function runProgram(words: readonly string[], context: CommandContext): Promise<void> {
  const { own, behind } = splitRunWords(words);
  const program = new Command("btdt")
    .description("Been there, done that: caches directories between CI runs.")
    .version(packageJson.version)
    .addHelpText(
      "after",
      "\nExit status: 0 done, 1 error, 2 wrong use, 3 restored from another than the first key, 4 no key found",
    );
  const makers: Readonly<Record<string, () => CommandUnknownOpts>> = {
    hash: () => hashCommand(context),
    restore: () => restoreCommand(context),
    store: () => storeCommand(context),
    run: () => runCommand(context, behind),
    clean: () => cleanCommand(context),
    export: () => exportCommand(context),
    import: () => importCommand(context),
    list: () => listCommand(context),
    inspect: () => inspectCommand(context),
    delete: () => deleteCommand(context),
    stats: () => statsCommand(context),
    completion: () =>
      completionCommand(context, () => Object.values(makers).map((make) => wordsOf(made(make)))),
  };
  const { variables } = context.environment;
  const made = (make: () => CommandUnknownOpts): CommandUnknownOpts => {
    const command = make();
    command.addOption(quietOption(variables)).addOption(verboseOption(variables));
    // What `run` runs has stdout for itself, an archive takes it, and a script is no data.
    if (!["run", "completion", "export"].includes(command.name()))
      command.option("--json", "print the result, or the error, as JSON", false);
    return command;
  };
  // Making a command takes time: the others are needed only for help and for mistakes.
  const wanted = Object.hasOwn(makers, own[0] ?? "") ? makers[own[0] ?? ""] : undefined;
  for (const make of wanted === undefined ? Object.values(makers) : [wanted]) program.addCommand(made(make));
  // Before the words are parsed: mistakes in them are told as JSON, too.
  if (own[0] !== "run" && own[0] !== "export" && own.includes("--json")) context.output.useJson();
  let complaint = "";
  program.hook("preAction", (_program, command) => context.output.setVerbosity(verbosityOf(command.opts())));
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => context.output.text(text),
      writeErr: (text) => {
        complaint += text;
      },
      outputError: (text) => {
        complaint += text;
      },
      // The defaults look at process.stdout, which costs more than everything else here.
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  }
  if (words.length === 0) {
    throw new BtdtError("USAGE", "no command was given", {
      hint: `${program.commands.map((command) => command.name()).join(", ")}; see btdt --help`,
    });
  }
  try {
    await program.parseAsync([...own], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version were asked for, and are printed by now.
    if (error.exitCode === 0) context.setExitCode(ExitCode.DONE);
    else throw new BtdtError("USAGE", oneLine(complaint), { hint: "see btdt --help" });
  }
}

function wordsOf(command: CommandUnknownOpts): CommandWords {
  return {
    name: command.name(),
    summary: command.summary(),
    options: command.options.map(({ long, short, flags, description, required, argChoices }) => {
      return { long: long ?? flags, short, description, takesValue: required, choices: argChoices ?? [] };
    }),
  };
}

/** What `run` is to run stands behind the first `--` and is none of the parser's business. */
function splitRunWords(words: readonly string[]): {
  readonly own: readonly string[];
  readonly behind: readonly string[];
} {
  const separator = words[0] === "run" ? words.indexOf("--") : -1;
  if (separator < 0) return { own: words, behind: [] };
  return { own: words.slice(0, separator), behind: words.slice(separator + 1) };
}

/** `error: unknown option '--kye'\n(Did you mean --keys?)` on one line, without the prefix. */
function oneLine(text: string): string {
  return text
    .trim()
    .replace(/^error: /, "")
    .replaceAll(/\s*\n\s*/g, " ")
    .replace(/\.$/, "");
}
