import { escapeControls } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";
import { assertUtf8Variables } from "../assert-utf8.ts";
import type { CommandDeclaration } from "../parser/command.ts";
import { InvalidArgumentError, type OptionDeclaration } from "../parser/option.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Takes options of a command from the environment, where its command line has left them open, and checks that no
 * required option is missing. Commander's own support is not used: it reports a missing option before a mistyped one,
 * reads any text in a variable as "yes", and an empty one as a value.
 * @param options gets the values, by attribute name
 * @param isGiven whether the command line has an option, by attribute name
 * @throws BtdtError USAGE
 */
export function applyVariables(
  command: CommandDeclaration,
  options: Record<string, unknown>,
  isGiven: (key: string) => boolean,
  variables: Variables,
): void {
  for (const option of command.options) {
    const variable = option.envVar;
    if (variable === undefined) continue;
    const text = variables[variable]?.trim() ?? "";
    if (text === "") continue;
    const key = option.attributeName();
    if (isGiven(key)) continue;
    assertUtf8Variables([variable], variables);
    options[key] = parseVariable(option, variable, text);
  }
  for (const option of command.options) {
    if (option.mandatory && options[option.attributeName()] === undefined)
      throw describeMissing(command, option);
  }
}

function parseVariable(option: OptionDeclaration, variable: string, text: string): unknown {
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

function describeMissing({ name }: CommandDeclaration, { flags, envVar }: OptionDeclaration): BtdtError {
  return new BtdtError("USAGE", `missing required option ${flags}`, {
    hint: `${envVar === undefined ? "" : `it can also be set by ${envVar}; `}see btdt ${name} --help`,
  });
}
