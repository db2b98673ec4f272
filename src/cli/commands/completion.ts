import type { CommandContext } from "../command-context.ts";
import { writeBashCompletion } from "../completion/bash.ts";
import { describeCommand } from "../completion/command-words.ts";
import { writeFishCompletion } from "../completion/fish.ts";
import { writeZshCompletion } from "../completion/zsh.ts";
import { Argument, Command, type CommandDeclaration } from "../parser/command.ts";

const SCRIPTS = { bash: writeBashCompletion, zsh: writeZshCompletion, fish: writeFishCompletion } as const;

/** @param listCommands called only when the command runs */
export function defineCompletionCommand(
  context: CommandContext,
  listCommands: () => Promise<readonly CommandDeclaration[]>,
) {
  return new Command("completion")
    .summary("print a shell completion script")
    .description("Print a completion script for SHELL, to be sourced from its start-up file.")
    .addArgument(new Argument("<shell>", "shell to complete in").choices(["bash", "zsh", "fish"] as const))
    .addHelpText(
      "after",
      "\nExample:\n  btdt completion bash >~/.local/share/bash-completion/completions/btdt",
    )
    .action(async (shell) => {
      context.output.printText(SCRIPTS[shell]((await listCommands()).map(describeCommand)));
    });
}
