import { type CommandUnknownOpts, InvalidArgumentError, type Option } from "@commander-js/extra-typings";
import { escapeControls } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";
import { isRepeatable } from "./repeatable.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** Completes what was parsed. @throws BtdtError USAGE */
type CompleteOptions = (variables: Variables) => void;

/**
 * Lets a command's options come from the environment, and looks for those that must be there, once its line is known to be sound: by
 * itself the parser would complain about a missing option before a mistyped one, takes every text in a variable for a
 * yes, and an empty one for a value.
 *
 * To be called when the command has all its options.
 */
export function completesOptions(command: CommandUnknownOpts): CompleteOptions {
  const named = command.options.flatMap((option) =>
    option.envVar === undefined ? [] : [takeVariable(option)],
  );
  const needed = command.options.filter((option) => option.mandatory);
  for (const option of needed) option.mandatory = false;
  return (variables) => {
    for (const { option, variable } of named) {
      const text = variables[variable]?.trim() ?? "";
      const key = option.attributeName();
      if (text === "" || command.getOptionValueSource(key) === "cli") continue;
      command.setOptionValueWithSource(key, valueOf(option, variable, text), "env");
    }
    const missing = needed.find((option) => command.getOptionValue(option.attributeName()) === undefined);
    if (missing !== undefined) throw missingOption(command, missing, named);
  };
}

interface NamedOption {
  readonly option: Option;
  readonly variable: string;
}

function takeVariable(option: Option): NamedOption {
  const variable = option.envVar ?? "";
  delete option.envVar;
  option.description += ` (env: ${variable})`;
  return { option, variable };
}

function valueOf(option: Option, variable: string, text: string): unknown {
  if (!option.required) return truthOf(variable, text);
  if (!isRepeatable(option)) return parsed(option, variable, text, undefined);
  const lines = text.split("\n").map((line) => line.trim());
  let values: unknown;
  for (const line of lines) if (line !== "") values = parsed(option, variable, line, values);
  return values;
}

function parsed(option: Option, variable: string, text: string, previous: unknown): unknown {
  try {
    return option.parseArg === undefined ? text : option.parseArg(text, previous);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw invalid(variable, text, error.message.replace(/\.$/, ""));
  }
}

function truthOf(variable: string, text: string): boolean {
  if (/^(?:1|true|yes|on)$/i.test(text)) return true;
  if (/^(?:0|false|no|off)$/i.test(text)) return false;
  throw invalid(variable, text, "use 1, true, yes or on; or 0, false, no or off");
}

function invalid(variable: string, text: string, hint: string): BtdtError {
  return new BtdtError("USAGE", `invalid value "${escapeControls(text)}" in the variable ${variable}`, {
    hint,
  });
}

function missingOption(
  command: CommandUnknownOpts,
  option: Option,
  named: readonly NamedOption[],
): BtdtError {
  const variable = named.find((one) => one.option === option)?.variable;
  return new BtdtError("USAGE", `missing required option ${option.flags}`, {
    hint: `${variable === undefined ? "" : `it can also be set by ${variable}; `}see btdt ${command.name()} --help`,
  });
}
