import { expandKeys } from "../key/expand-keys.ts";
import type { TemplateSources } from "../key/expand-template.ts";
import { hashMatchingFiles } from "../operations/hash-matching-files.ts";
import type { CommandContext } from "./command-context.ts";

interface KeyOptions {
  readonly keys: readonly string[];
  readonly allowEmptyHash: boolean;
}

/** The keys of `--keys`, templates filled in. @throws BtdtError */
export async function keysOf(options: KeyOptions, context: CommandContext): Promise<[string, ...string[]]> {
  return await expandKeys(options.keys, templateSources(options.allowEmptyHash, context));
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
