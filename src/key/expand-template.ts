import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { parseTemplate, type TemplatePart } from "./template.ts";
import { formatDate } from "./template-date.ts";

/** What templates can refer to. */
export interface TemplateSources {
  readonly os: string;
  readonly arch: string;
  readonly nowMs: () => number;
  /** An environment variable; undefined if it is not set. */
  readonly variable: (name: string) => string | undefined;
  /** The digest of all matching files. */
  readonly hashFiles: (patterns: readonly string[]) => Promise<string>;
}

const FUNCTIONS_HINT = 'there are hashFiles("GLOB", …), os, arch, env.NAME and date("day|week|month|year")';

/** @throws BtdtError USAGE, VARIABLE_UNSET, and what `hashFiles` throws */
export async function expandTemplate(template: string, sources: TemplateSources): Promise<string> {
  let text = "";
  for (const part of parseTemplate(template)) {
    text += part.kind === "text" ? part.text : await callFunction(part, sources);
  }
  return text;
}

async function callFunction(
  call: Extract<TemplatePart, { kind: "call" }>,
  sources: TemplateSources,
): Promise<string> {
  const { name, args } = call;
  const assertArguments = (isRight: boolean, what: string): void => {
    if (isRight) return;
    throw new BtdtError("USAGE", `${name} in a key takes ${what}`, { hint: FUNCTIONS_HINT });
  };
  if (name.startsWith("env.")) {
    assertArguments(args.length === 0, "no arguments");
    return variableOf(name.slice("env.".length), sources);
  }
  switch (name) {
    case "os":
      assertArguments(args.length === 0, "no arguments");
      return sources.os;
    case "arch":
      assertArguments(args.length === 0, "no arguments");
      return sources.arch;
    case "date":
      assertArguments(args.length <= 1, "at most one argument");
      return formatDate(sources.nowMs(), args[0] ?? "day");
    case "hashFiles":
      assertArguments(args.length > 0, "at least one pattern");
      return await sources.hashFiles(args);
    default:
      throw new BtdtError("USAGE", `unknown function ${escapeControls(name)} in a key`, {
        hint: FUNCTIONS_HINT,
      });
  }
}

/** An unset variable is an error: otherwise all branches would silently share one key. */
function variableOf(name: string, sources: TemplateSources): string {
  const value = sources.variable(name);
  if (value !== undefined) return value;
  throw new BtdtError(
    "VARIABLE_UNSET",
    `a key uses the environment variable ${escapeControls(name)}, which is not set`,
    {
      hint: "set it; it may be empty",
    },
  );
}
