/**
 * Parsers of options that hold lists and may be given several times. Commas and line breaks separate the items of a list,
 * and spaces around an item are dropped, on the command line as in a variable.
 */

/** For keys, whose lists are split when their templates are filled in: a comma between braces separates nothing. */
export function appendKeys(list: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), list];
}

/** For items in which a comma is unusual, and needed nowhere. */
export function appendItems(list: string, previous: readonly string[] | undefined): string[] {
  const items = list.split(/[,\n]/).map((item) => item.trim());
  return [...(previous ?? []), ...items.filter((item) => item !== "")];
}

/** For globs: after a backslash or between brackets, a comma belongs to the glob. */
export function appendGlobs(list: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), ...splitGlobs(list)];
}

/** One item at a time: what gitignore escapes, a set of characters, or any other character that separates nothing. */
const GLOB = /(?:\\[^\n]|\[[^\]\n]+\]|[^,\n])+/g;

function splitGlobs(list: string): string[] {
  const globs: string[] = [];
  for (const [item] of list.matchAll(GLOB)) {
    // A space after a backslash belongs to the glob, too.
    const glob = item.trimStart().replace(/(?<!\\)\s+$/, "");
    if (glob !== "") globs.push(glob);
  }
  return globs;
}
