import { escapeControls } from "../../base/byte-string.ts";
import { expandAll, expandKeys } from "../../key/expand-keys.ts";
import type { TemplateSources } from "../../key/expand-template.ts";
import { hashMatchingFiles } from "../../read/hash-matching-files.ts";
import type { CommandContext } from "../command-context.ts";

interface KeyOptions {
  readonly keys: readonly string[];
  readonly allowEmptyHash: boolean;
}

/** The keys of `--keys`, templates filled in. @throws BtdtError */
export async function keysOf(options: KeyOptions, context: CommandContext): Promise<[string, ...string[]]> {
  const keys = await expandKeys(options.keys, templateSources(options.allowEmptyHash, context));
  context.output.detail(`keys: ${keys.map(escapeControls).join(", ")}`);
  return keys;
}

/** The prefixes of `--fallback-prefix`; empty ones, which every key has, are dropped. @throws BtdtError */
export async function prefixesOf(
  options: Omit<KeyOptions, "keys"> & { readonly fallbackPrefix: readonly string[] },
  context: CommandContext,
): Promise<string[]> {
  const prefixes = await expandAll(options.fallbackPrefix, templateSources(options.allowEmptyHash, context));
  return prefixes.filter((prefix) => prefix !== "");
}

function templateSources(allowEmptyHash: boolean, context: CommandContext): TemplateSources {
  const { os, arch, variables } = context.environment;
  return {
    os,
    arch,
    nowMs: context.runtime.nowMs,
    variable: (name) => variables[name],
    hashFiles: (patterns) => hashMatchingFiles(patterns, allowEmptyHash, context.runtime),
  };
}
