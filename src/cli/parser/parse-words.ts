import type { CommandDeclaration } from "./command.ts";
import { InvalidArgumentError, type OptionDeclaration } from "./option.ts";

/** What a command line says. */
export interface ParsedWords {
  /** By attribute name: what is given, and the defaults of the others. */
  readonly options: Record<string, unknown>;
  /** Attribute names. */
  readonly given: ReadonlySet<string>;
  /** One for each argument of the command; a variadic one has an array. */
  readonly arguments: readonly unknown[];
}

/** An option of the whole program, wherever it is. */
function isOfProgram(word: string): boolean {
  return word.startsWith("-V") || word === "--version";
}

/**
 * Parses the words after the command's name, if they are in the common form: options by their exact names, in any order
 * with arguments. Undefined for anything else, such as mistakes, `--help`, `--` and combined short options: commander
 * parses those, and says what is wrong. What is parsed here means the same there.
 */
export function parseWords(command: CommandDeclaration, words: readonly string[]): ParsedWords | undefined {
  const byFlag = new Map<string, OptionDeclaration>();
  const options: Record<string, unknown> = {};
  for (const option of command.options) {
    byFlag.set(option.long, option);
    if (option.short !== undefined) byFlag.set(option.short, option);
    setDefault(options, option, byFlag);
  }
  const given = new Set<string>();
  const operands: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (isOfProgram(word)) return undefined;
    if (!word.startsWith("-") || word === "-") {
      operands.push(word);
      continue;
    }
    const [flag, attached] = splitWord(word);
    const option = byFlag.get(flag);
    if (option === undefined || option.conflictsWith.length > 0) return undefined;
    const text = option.required ? (attached ?? words[++index]) : attached;
    if (option.required ? text === undefined || isOfProgram(text) : text !== undefined) return undefined;
    const key = option.attributeName();
    const value = text === undefined ? !option.negate : parseValue(option, text, options[key]);
    if (value === undefined) return undefined;
    options[key] = value;
    given.add(key);
  }
  const parsed = assignOperands(command, operands);
  return parsed === undefined ? undefined : { options, given, arguments: parsed };
}

function setDefault(
  options: Record<string, unknown>,
  option: OptionDeclaration,
  earlier: ReadonlyMap<string, OptionDeclaration>,
): void {
  const { negate, long, defaultValue } = option;
  if (defaultValue !== undefined) options[option.attributeName()] = defaultValue;
  else if (negate && !earlier.has(long.replace("--no-", "--"))) options[option.attributeName()] = true;
}

/** `--name=value` */
function splitWord(word: string): [flag: string, attached: string | undefined] {
  const end = word.startsWith("--") ? word.indexOf("=") : -1;
  return end < 0 ? [word, undefined] : [word.slice(0, end), word.slice(end + 1)];
}

/** Undefined if it is invalid. */
function parseValue({ parseArg }: OptionDeclaration, text: string, previous: unknown): unknown {
  if (parseArg === undefined) return text;
  try {
    return parseArg(text, previous);
  } catch (error) {
    if (error instanceof InvalidArgumentError) return undefined;
    throw error;
  }
}

/** Undefined if there are too few or too many, or if one is not a valid choice. */
function assignOperands(command: CommandDeclaration, operands: readonly string[]): unknown[] | undefined {
  const last = command.arguments[command.arguments.length - 1];
  if (operands.length > command.arguments.length && last?.variadic !== true) return undefined;
  const values: unknown[] = [];
  for (const [index, argument] of command.arguments.entries()) {
    const operand = operands[index];
    if (argument.required && operand === undefined) return undefined;
    if (argument.argChoices?.includes(operand ?? "") === false) return undefined;
    values.push(argument.variadic ? operands.slice(index) : operand);
  }
  return values;
}
