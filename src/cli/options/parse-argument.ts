import { BtdtError } from "../../base/errors.ts";
import { InvalidArgumentError } from "../parser/option.ts";

/** Parses an option's value, so that the command line parser names the option in the error and we say what is valid. */
export function parseArgument<Value>(text: string, parse: (text: string) => Value): Value {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof BtdtError) throw new InvalidArgumentError(`${error.message}; ${error.hint ?? ""}`);
    throw error;
  }
}
