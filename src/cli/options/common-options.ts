import type { CommandDeclaration } from "../parser/command.ts";
import type { OptionDeclaration } from "../parser/option.ts";
import { defineJobsOption, WORK_ON_TREES } from "./jobs-option.ts";
import { defineRefusedReadOnlyOption, WRITE_TO_CACHES } from "./read-only-option.ts";
import { defineQuietOption, defineVerboseOption } from "./verbosity.ts";

/** The child's output, an archive, a script or a page has stdout to itself. */
const HAVE_NO_JSON: ReadonlySet<string> = new Set(["run", "completion", "export", "report"]);

/** @param name of a command, or of none */
export function mayPrintJson(name: string): boolean {
  return !HAVE_NO_JSON.has(name);
}

/** Gives a command the options that all of them have, or all of its kind. */
export function addCommonOptions(command: CommandDeclaration): void {
  const { name } = command;
  const common = [defineQuietOption(), defineVerboseOption()];
  if (WRITE_TO_CACHES.has(name)) common.push(defineRefusedReadOnlyOption());
  if (WORK_ON_TREES.has(name)) common.push(defineJobsOption());
  for (const option of common) command.addOption(option as unknown as OptionDeclaration);
  if (mayPrintJson(name)) command.option("--json", "print the result or error as JSON", false);
}
