import { Command, CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import packageJson from "../../package.json" with { type: "json" };
import { BtdtError } from "../base/errors.ts";
import type { CommandContext } from "./command-context.ts";
import type { CommandWords } from "./completion/command-words.ts";
import { ExitCode } from "./exit-codes.ts";
import { HELP_STYLE } from "./help-style.ts";
import { completesOptions } from "./options/option-variables.ts";
import { quietOption, verboseOption, verbosityOf } from "./verbosity.ts";

/** What `run` runs has stdout for itself, an archive takes it, and a script is no data. */
const HAVE_NO_JSON: ReadonlySet<string> = new Set(["run", "completion", "export"]);

/**
 * Parses the command line and runs the command.
 * @param words without the executable's name
 * @throws BtdtError, USAGE among them
 */
export async function runProgram(words: readonly string[], context: CommandContext): Promise<void> {
  const { own, behind } = splitRunWords(words);
  const program = new Command("btdt")
    .description("Been there, done that: cache directories between CI runs.")
    .version(packageJson.version)
    .addHelpText(
      "after",
      "\nExit status: 0 done, 1 error, 2 usage error, 3 restored a fallback key, 4 no key found",
    );
  // Loading and making a command takes time, so that each is loaded only when it is needed.
  const makers: Readonly<Record<string, () => Promise<CommandUnknownOpts>>> = {
    hash: async () => (await import("./commands/hash.ts")).hashCommand(context),
    restore: async () => (await import("./commands/restore.ts")).restoreCommand(context),
    store: async () => (await import("./commands/store.ts")).storeCommand(context),
    run: async () => (await import("./commands/run.ts")).runCommand(context, behind),
    clean: async () => (await import("./commands/clean.ts")).cleanCommand(context),
    export: async () => (await import("./commands/export.ts")).exportCommand(context),
    import: async () => (await import("./commands/import.ts")).importCommand(context),
    list: async () => (await import("./commands/list.ts")).listCommand(context),
    inspect: async () => (await import("./commands/inspect.ts")).inspectCommand(context),
    delete: async () => (await import("./commands/delete.ts")).deleteCommand(context),
    stats: async () => (await import("./commands/stats.ts")).statsCommand(context),
    completion: async () => {
      const { completionCommand } = await import("./commands/completion.ts");
      return completionCommand(context, async () =>
        (await Promise.all(Object.values(makers).map(made))).map(wordsOf),
      );
    },
  };
  const { variables } = context.environment;
  const completes = new Map<CommandUnknownOpts, ReturnType<typeof completesOptions>>();
  const made = async (make: () => Promise<CommandUnknownOpts>): Promise<CommandUnknownOpts> => {
    const command = await make();
    command.addOption(quietOption()).addOption(verboseOption());
    if (!HAVE_NO_JSON.has(command.name()))
      command.option("--json", "print the result or error as JSON", false);
    completes.set(command, completesOptions(command));
    return command;
  };
  const isVersionAsked = own[0] === "--version" || own[0] === "-V";
  // All of them are needed only for help and for mistakes.
  const wanted = Object.hasOwn(makers, own[0] ?? "") ? makers[own[0] ?? ""] : undefined;
  const needed = isVersionAsked ? [] : wanted === undefined ? Object.values(makers) : [wanted];
  for (const make of needed) program.addCommand(await made(make));
  // Before the words are parsed: mistakes in them are told as JSON, too.
  if (!HAVE_NO_JSON.has(own[0] ?? "") && own.includes("--json")) context.output.useJson();
  let complaint = "";
  program.hook("preAction", (_program, command) => {
    completes.get(command)?.(variables);
    context.output.setVerbosity(verbosityOf(command.opts()));
  });
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureHelp(HELP_STYLE)
      .configureOutput({
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
    throw new BtdtError("USAGE", "no command given", {
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
      const words = description.replace(/ \(env: \w+\)$/, "");
      return {
        long: long ?? flags,
        short,
        description: words,
        takesValue: required,
        choices: argChoices ?? [],
      };
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
