import type { CommandContext } from "../src/cli/command-context.ts";
import { loadAllCommands } from "../src/cli/commands/load-command.ts";
import type { CommandDeclaration } from "../src/cli/parser/command.ts";

/** Commands keep the context for when they run, which they do not here. */
const NO_CONTEXT = {} as CommandContext;

/** All commands with all their options, in the order of the help, as the executable defines them. */
export async function listCommands(): Promise<readonly CommandDeclaration[]> {
  return loadAllCommands(NO_CONTEXT, []);
}
