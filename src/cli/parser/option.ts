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

  constructor(flags: string, description: string) {
    const parts = /^(?:(-\w), )?(--[\w-]+)( <[\w-]+>)?$/.exec(flags);
    if (parts?.[2] === undefined) throw new Error(`flags of another form: ${flags}`);
    this.flags = flags;
    this.description = description;
    this.short = parts[1];
    this.long = parts[2];
    this.required = parts[3] !== undefined;
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
    return this.long
      .slice(this.negate ? "--no-".length : "--".length)
      .replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
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
