import type { CommandContext } from "./command-context.ts";
import { applyVariables } from "./options/option-variables.ts";
import { refuseReadOnly } from "./options/read-only-option.ts";
import { chooseVerbosity } from "./options/verbosity.ts";
import type { CommandDeclaration } from "./parser/command.ts";

/**
 * Does what comes before every command: the environment's share of its options, and what the common ones among them say.
 * @param options parsed from the command line; gets the others
 * @throws BtdtError USAGE
 */
export function prepareRun(
  command: CommandDeclaration,
  options: Record<string, unknown>,
  isGiven: (key: string) => boolean,
  context: CommandContext,
): void {
  applyVariables(command, options, isGiven, context.environment.variables);
  refuseReadOnly(command.name, options);
  context.output.setVerbosity(chooseVerbosity(options));
  const { jobs } = options;
  if (typeof jobs === "number") context.fixThreadCount(jobs);
}
