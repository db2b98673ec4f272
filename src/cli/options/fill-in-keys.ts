import { escapeControls } from "../../base/byte-string.ts";
import { expandKeys, expandPrefixes } from "../../key/expand-keys.ts";
import type { TemplateSources } from "../../key/expand-template.ts";
import type { CommandContext } from "../command-context.ts";

interface KeyOptions {
  readonly keys: readonly string[];
  readonly allowEmptyHash: boolean;
}

/** The keys of `--keys`, their templates filled in. @throws BtdtError */
export async function fillInKeys(
  options: KeyOptions,
  context: CommandContext,
): Promise<[string, ...string[]]> {
  const keys = await expandKeys(options.keys, gatherTemplateSources(options.allowEmptyHash, context));
  context.output.noteDetail(`keys: ${keys.map(escapeControls).join(", ")}`);
  return keys;
}

/** The prefixes of `--fallback-prefix`. Empty ones, which would match every key, are dropped. @throws BtdtError */
export async function fillInPrefixes(
  options: Omit<KeyOptions, "keys"> & { readonly fallbackPrefix: readonly string[] },
  context: CommandContext,
): Promise<string[]> {
  return await expandPrefixes(options.fallbackPrefix, gatherTemplateSources(options.allowEmptyHash, context));
}

function gatherTemplateSources(allowEmptyHash: boolean, context: CommandContext): TemplateSources {
  const { os, arch, variables } = context.environment;
  return {
    os,
    arch,
    nowMs: context.runtime.nowMs,
    variable: (name) => variables[name],
    hashFiles: async (patterns) => {
      // Keys that were filled in by `btdt hash` or a pipeline do not need it.
      const { hashMatchingFiles } = await import("../../read/hash-matching-files.ts");
      return await hashMatchingFiles(patterns, allowEmptyHash, context.runtime);
    },
  };
}
