/**
 * The command line: words in, a command run, an exit code set. `commands/` has one file for each command, `options/`
 * the options that several share, `parser/` what declares and parses them, `progress/` what is shown during long work,
 * `completion/` the scripts for shells.
 */
import { BtdtError } from "../base/errors.ts";
import { assertUtf8Arguments } from "./assert-utf8.ts";
import type { CommandContext } from "./command-context.ts";
import {
  COMMAND_NAMES,
  isCommandName,
  loadAllCommands,
  loadCommand,
  resolveAlias,
} from "./commands/load-command.ts";
import { mayPrintJson } from "./options/common-options.ts";
import { parseWords } from "./parser/parse-words.ts";
import { prepareRun } from "./prepare-run.ts";
import { splitChildCommand } from "./split-child-command.ts";

/**
 * Parses the command line and runs the command.
 * @param words without the executable's name
 * @throws BtdtError, USAGE among others
 */
export async function runProgram(words: readonly string[], context: CommandContext): Promise<void> {
  const { ownWords, childCommand } = splitChildCommand(words);
  const [name = "", ...others] = ownWords;
  // Before parsing, so that usage errors are JSON as well.
  if (mayPrintJson(name) && ownWords.includes("--json")) context.output.useJson();
  if (words.length === 0) {
    throw new BtdtError("USAGE", "no command given", {
      hint: `${COMMAND_NAMES.join(", ")}; see btdt --help`,
    });
  }
  assertUtf8Arguments(words);
  // Only the named command, unless help or a usage error may need all of them.
  const command = resolveAlias(name);
  const declared = isCommandName(command) ? await loadCommand(command, context, childCommand) : undefined;
  const parsed = declared === undefined ? undefined : parseWords(declared, others);
  if (declared !== undefined && parsed !== undefined) {
    prepareRun(declared, parsed.options, (key) => parsed.given.has(key), context);
    await declared.run(...parsed.arguments, parsed.options);
    return;
  }
  const { runFullProgram } = await import("./full-program.ts");
  const declarations = declared === undefined ? await loadAllCommands(context, childCommand) : [declared];
  await runFullProgram(ownWords, declarations, context);
}
