import type { CommandDeclaration } from "../parser/command.ts";

/** What a completion script needs to know about a command. */
export interface CommandWords {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly options: readonly OptionWords[];
}

export interface OptionWords {
  /** `--cache`. */
  readonly long: string;
  /** `-c`, if there is one. */
  readonly short: string | undefined;
  readonly description: string;
  readonly takesValue: boolean;
  /** The only valid values; empty if any value is valid. */
  readonly choices: readonly string[];
}

export function describeCommand(command: CommandDeclaration): CommandWords {
  return {
    name: command.name,
    aliases: command.aliases,
    summary: command.about.summary,
    options: command.options
      .filter(({ hidden }) => !hidden)
      .map(({ long, short, description, required, argChoices }) => ({
        long,
        short,
        description,
        takesValue: required,
        choices: argChoices ?? [],
      })),
  };
}

/** In single quotes, for a shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
