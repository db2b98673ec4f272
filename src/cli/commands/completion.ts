import { Argument, Command } from "@commander-js/extra-typings";
import type { CommandContext } from "../command-context.ts";
import { bashCompletion } from "../completion/bash.ts";
import type { CommandWords } from "../completion/command-words.ts";
import { fishCompletion } from "../completion/fish.ts";
import { zshCompletion } from "../completion/zsh.ts";

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** @param listCommands asked when all commands are known */
export function completionCommand(
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
      context.output.text(SCRIPTS[shell](await listCommands()));
    });
}
