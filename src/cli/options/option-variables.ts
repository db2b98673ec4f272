import { type CommandUnknownOpts, InvalidArgumentError, type Option } from "@commander-js/extra-typings";
import { escapeControls } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** Fills in what the command line left open, and checks that no required option is missing. @throws BtdtError USAGE */
type ApplyVariables = (variables: Variables) => void;

/**
 * Lets a command's options be set by environment variables, once its command line has been parsed. The parser's own
 * support is not used: it reports a missing option before a mistyped one, reads any text in a variable as "yes", and an
 * empty one as a value.
 *
 * Call it when the command has all its options.
 */
export function bindVariables(command: CommandUnknownOpts): ApplyVariables {
  const bound = command.options.flatMap((option) =>
    option.envVar === undefined ? [] : [detachVariable(option)],
  );
  const required = command.options.filter((option) => option.mandatory);
  for (const option of required) option.mandatory = false;
  return (variables) => {
    for (const { option, variable } of bound) {
      const text = variables[variable]?.trim() ?? "";
      const key = option.attributeName();
      if (text === "" || command.getOptionValueSource(key) === "cli") continue;
      command.setOptionValueWithSource(key, parseVariable(option, variable, text), "env");
    }
    const missing = required.find((option) => command.getOptionValue(option.attributeName()) === undefined);
    if (missing !== undefined) throw describeMissing(command, missing, bound);
  };
}

interface BoundOption {
  readonly option: Option;
  readonly variable: string;
}

/** Hides the variable from the parser but keeps it in the help. */
function detachVariable(option: Option): BoundOption {
  const variable = option.envVar ?? "";
  delete option.envVar;
  option.description += ` (env: ${variable})`;
  return { option, variable };
}

function parseVariable(option: Option, variable: string, text: string): unknown {
  if (!option.required) return parseSwitch(variable, text);
  try {
    return option.parseArg === undefined ? text : option.parseArg(text, undefined);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw describeInvalid(variable, text, error.message.replace(/\.$/, ""));
  }
}

function parseSwitch(variable: string, text: string): boolean {
  if (/^(?:1|true|yes|on)$/i.test(text)) return true;
  if (/^(?:0|false|no|off)$/i.test(text)) return false;
  throw describeInvalid(variable, text, "use 1, true, yes or on; or 0, false, no or off");
}

function describeInvalid(variable: string, text: string, hint: string): BtdtError {
  return new BtdtError("USAGE", `invalid value "${escapeControls(text)}" in the variable ${variable}`, {
    hint,
  });
}

function describeMissing(
  command: CommandUnknownOpts,
  option: Option,
  bound: readonly BoundOption[],
): BtdtError {
  const variable = bound.find((one) => one.option === option)?.variable;
  return new BtdtError("USAGE", `missing required option ${option.flags}`, {
    hint: `${variable === undefined ? "" : `it can also be set by ${variable}; `}see btdt ${command.name()} --help`,
  });
}
