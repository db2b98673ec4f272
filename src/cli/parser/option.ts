import type { Option as TypedOption } from "@commander-js/extra-typings";

type ParseValue = (text: string, previous: unknown) => unknown;

/**
 * An option as a command declares it: what is used of commander's class, by the same names. Commander itself takes longer
 * to load than most command lines take to parse (see `parse-words.ts`).
 */
export class OptionDeclaration {
  readonly flags: string;
  readonly description: string;
  readonly short: string | undefined;
  readonly long: string;
  /** Whether it takes a value. */
  readonly required: boolean;
  negate: boolean;
  mandatory = false;
  hidden = false;
  envVar: string | undefined;
  defaultValue: unknown;
  defaultValueDescription: string | undefined;
  argChoices: readonly string[] | undefined;
  parseArg: ParseValue | undefined;
  conflictsWith: readonly string[] = [];

  /**
   * @param flags `--name`, `--name <value>` or `-n, --name`. Taken apart without regular expressions, of which each takes
   * as long to prepare as all options of a command.
   */
  constructor(flags: string, description: string) {
    const long = flags.indexOf("--");
    const value = flags.indexOf(" <");
    this.flags = flags;
    this.description = description;
    this.short = long > 0 ? flags.slice(0, long - ", ".length) : undefined;
    this.long = flags.slice(long, value < 0 ? undefined : value);
    this.required = value > 0;
    this.negate = this.long.startsWith("--no-");
  }

  default(value: unknown, description?: string): this {
    this.defaultValue = value;
    this.defaultValueDescription = description;
    return this;
  }

  env(name: string): this {
    this.envVar = name;
    return this;
  }

  argParser(parse: ParseValue): this {
    this.parseArg = parse;
    return this;
  }

  choices(values: readonly string[]): this {
    this.argChoices = values;
    this.parseArg = (text) => chooseFrom(values, text);
    return this;
  }

  makeOptionMandatory(): this {
    this.mandatory = true;
    return this;
  }

  hideHelp(): this {
    this.hidden = true;
    return this;
  }

  conflicts(name: string): this {
    this.conflictsWith = [...this.conflictsWith, name];
    return this;
  }

  /** Of its value among the options of a command. */
  attributeName(): string {
    const [first = "", ...others] = this.long.slice(this.negate ? "--no-".length : "--".length).split("-");
    let name = first;
    for (const word of others) name += word.charAt(0).toUpperCase() + word.slice(1);
    return name;
  }
}

/** Commander recognizes it, too. */
export class InvalidArgumentError extends Error {
  readonly code = "commander.invalidArgument";
}

/** @throws InvalidArgumentError */
function chooseFrom(choices: readonly string[], text: string): string {
  if (choices.includes(text)) return text;
  throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.`);
}

/** With the types of commander's class, which know the type of each option's value. */
export const Option = OptionDeclaration as unknown as typeof TypedOption;
