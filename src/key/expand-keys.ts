import { expandTemplate, type TemplateSources } from "./expand-template.ts";
import { checkKeys, checkPrefixes } from "./key-syntax.ts";
import { isTemplate, splitTemplates } from "./template.ts";

/**
 * The keys of `--keys`, with templates filled in. The result of a template is never split at commas.
 * @throws BtdtError USAGE, and what the sources throw
 */
export async function expandKeys(
  options: readonly string[],
  sources: TemplateSources,
): Promise<[string, ...string[]]> {
  return checkKeys(await expandAll(options, sources));
}

/** The same for prefixes of keys; there may be none. @throws BtdtError like `expandKeys` */
export async function expandPrefixes(
  options: readonly string[],
  sources: TemplateSources,
): Promise<string[]> {
  return checkPrefixes(await expandAll(options, sources));
}

async function expandAll(options: readonly string[], sources: TemplateSources): Promise<string[]> {
  const texts: string[] = [];
  for (const list of options) {
    for (const template of splitTemplates(list))
      texts.push(isTemplate(template) ? await expandTemplate(template, sources) : template);
  }
  return texts;
}
