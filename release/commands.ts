import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { CommandContext } from "../src/cli/command-context.ts";
import { listCommandLoaders } from "../src/cli/commands/command-loaders.ts";
import { bindVariables } from "../src/cli/options/option-variables.ts";
import { addCommonOptions } from "../src/cli/program.ts";

/** Commands keep the context for when they run, which they do not here. */
const NO_CONTEXT = {} as CommandContext;

/** All commands with all their options, in the order of the help, as the executable defines them. */
export async function listCommands(): Promise<readonly CommandUnknownOpts[]> {
  const loaders = listCommandLoaders(NO_CONTEXT, [], (command) => {
    addCommonOptions(command);
    bindVariables(command);
    return command;
  });
  return Promise.all(Object.values(loaders).map((load) => load()));
}
