import { Argument, Command } from "@commander-js/extra-typings";
import type { CommandContext } from "../command-context.ts";
import { writeBashCompletion } from "../completion/bash.ts";
import type { CommandWords } from "../completion/command-words.ts";
import { writeFishCompletion } from "../completion/fish.ts";
import { writeZshCompletion } from "../completion/zsh.ts";

const SCRIPTS = { bash: writeBashCompletion, zsh: writeZshCompletion, fish: writeFishCompletion } as const;

/** @param listCommands called only when the command runs */
export function defineCompletionCommand(
  context: CommandContext,
  listCommands: () => Promise<readonly CommandWords[]>,
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
      context.output.printText(SCRIPTS[shell](await listCommands()));
    });
}
