/** `run` takes its child command from the words after the first `--`. These are not for btdt's own parser. */
export function splitChildCommand(words: readonly string[]): {
  readonly ownWords: readonly string[];
  readonly childCommand: readonly string[];
} {
  const separator = words[0] === "run" ? words.indexOf("--") : -1;
  if (separator < 0) return { ownWords: words, childCommand: [] };
  return { ownWords: words.slice(0, separator), childCommand: words.slice(separator + 1) };
}
