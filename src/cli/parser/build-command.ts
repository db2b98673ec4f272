import { Argument, Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { HELP_STYLE } from "../help-style.ts";
import type { ArgumentDeclaration, CommandDeclaration } from "./command.ts";
import type { OptionDeclaration } from "./option.ts";

/** Commander's form of a command, which can parse anything and print help. */
export function buildCommand(declared: CommandDeclaration): CommandUnknownOpts {
  const { summary, description, usage } = declared.about;
  const command: CommandUnknownOpts = new Command(declared.name).configureHelp(HELP_STYLE);
  command.summary(summary).description(description).addHelpText("after", declared.helpText);
  if (usage !== "") command.usage(usage);
  if (declared.aliases.length > 0) command.aliases(declared.aliases);
  for (const option of declared.options) command.addOption(buildOption(option));
  for (const argument of declared.arguments) command.addArgument(buildArgument(argument));
  return command.action(declared.run);
}

/** Variables, and whether an option must be given, are not for commander: see `option-variables.ts`. */
function buildOption(declared: OptionDeclaration): Option {
  const { flags, description, envVar, negate, hidden, parseArg, argChoices } = declared;
  const { defaultValue, defaultValueDescription, conflictsWith } = declared;
  const option = new Option(flags, envVar === undefined ? description : `${description} (env: ${envVar})`);
  Object.assign(option, {
    negate,
    hidden,
    parseArg,
    argChoices,
    defaultValue,
    defaultValueDescription,
    conflictsWith,
  });
  return option;
}

function buildArgument({ flags, description, argChoices }: ArgumentDeclaration): Argument {
  const argument = new Argument(flags, description);
  return argChoices === undefined ? argument : argument.choices(argChoices);
}
