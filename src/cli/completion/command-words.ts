import type { CommandUnknownOpts } from "@commander-js/extra-typings";

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

export function describeCommand(command: CommandUnknownOpts): CommandWords {
  return {
    name: command.name(),
    aliases: command.aliases(),
    summary: command.summary(),
    options: command.options
      .filter(({ hidden }) => !hidden)
      .map(({ long, short, flags, description, required, argChoices }) => ({
        long: long ?? flags,
        short,
        description: description.replace(/ \(env: \w+\)$/, ""),
        takesValue: required,
        choices: argChoices ?? [],
      })),
  };
}

/** In single quotes, for a shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
