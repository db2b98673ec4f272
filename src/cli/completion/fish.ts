import { type CommandWords, quote } from "./command-words.ts";

/** A script for fish, to be sourced or placed in its completions directory. */
export function writeFishCompletion(commands: readonly CommandWords[]): string {
  const lines: string[] = [];
  for (const { name, aliases, summary, options } of commands) {
    lines.push(`complete -c btdt -n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`);
    for (const { long, short, description, takesValue, choices } of options) {
      const letter = short === undefined ? "" : ` -s ${short.slice(1)}`;
      const value = choices.length > 0 ? ` -x -a ${quote(choices.join(" "))}` : takesValue ? " -r" : "";
      lines.push(
        `complete -c btdt -n '__fish_seen_subcommand_from ${[name, ...aliases].join(" ")}'${letter} -l ${long.slice(2)}${value} -d ${quote(description)}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}
