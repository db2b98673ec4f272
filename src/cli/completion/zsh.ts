import { type CommandWords, type OptionWords, quote } from "./command-words.ts";

/** A script for zsh: either a file `_btdt` on its `fpath`, or sourced after compinit. */
export function writeZshCompletion(commands: readonly CommandWords[]): string {
  const names = commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`);
  const cases = commands.map(({ name, aliases, options }) => {
    const specs = options.flatMap(formatSpecs).map((spec) => `        ${spec} \\`);
    return `    ${[name, ...aliases].join("|")})\n      _arguments -s \\\n${specs.join("\n")}\n        '*:file:_files'\n      ;;`;
  });
  return `#compdef btdt
_btdt() {
  local -a commands
  commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT -= 1 ))
  case $command in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = _btdt ]; then
  _btdt "$@"
else
  compdef _btdt btdt
fi
`;
}

/** `'*--link[how files get there]:value:(auto copy)'`; the star lets an option repeat. */
function formatSpecs({ long, short, description, takesValue, choices }: OptionWords): string[] {
  const text = description.replaceAll(/[[\]:\\]/g, (character) => `\\${character}`);
  const value = choices.length > 0 ? `:value:(${choices.join(" ")})` : takesValue ? ":value:_files" : "";
  const spec = (name: string): string => quote(`*${name}[${text}]${value}`);
  return short === undefined ? [spec(long)] : [spec(long), spec(short)];
}
