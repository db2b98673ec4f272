import type { CommandWords } from "./command-words.ts";

/** A script for bash, to be sourced. Other words than options are completed as file names. */
export function writeBashCompletion(commands: readonly CommandWords[]): string {
  const cases = commands.map(({ name, aliases, options }) => {
    const words = options.flatMap(({ long, short }) => (short === undefined ? [long] : [long, short]));
    return `    ${[name, ...aliases].join("|")}) words='${words.join(" ")}' ;;`;
  });
  const choices = new Map<string, string>();
  for (const option of commands.flatMap(({ options }) => options)) {
    if (option.choices.length > 0) choices.set(option.long, option.choices.join(" "));
  }
  const values = [...choices].map(([long, words]) => `    ${long}) words='${words}' ;;`);
  return `_btdt() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=
  COMPREPLY=()
  case "\${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join("\n")}
  esac
  if [[ -z $words && $COMP_CWORD -eq 1 ]]; then
    words='${commands.map(({ name }) => name).join(" ")}'
  elif [[ -z $words && $current == -* ]]; then
    case "\${COMP_WORDS[1]}" in
${cases.map((line) => `  ${line}`).join("\n")}
    esac
  fi
  if [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -o default -F _btdt btdt
`;
}
