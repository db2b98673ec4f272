import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { CommandContext } from "../command-context.ts";
import { addCommonOptions } from "../options/common-options.ts";
import { type CommandDeclaration, declarationOf } from "../parser/command.ts";

/** Commands that can also be called by the name of the shell command that does the same. */
const NAMES_OF_ALIASES: ReadonlyMap<string, string> = new Map([
  ["ls", "list"],
  ["rm", "delete"],
]);

/** The name of a command that may be called by its alias. */
export function resolveAlias(name: string): string {
  return NAMES_OF_ALIASES.get(name) ?? name;
}

/** In the order of the help. */
export const COMMAND_NAMES = [
  "hash",
  "key",
  "restore",
  "lookup",
  "store",
  "run",
  "clean",
  "verify",
  "export",
  "import",
  "list",
  "inspect",
  "delete",
  "pin",
  "unpin",
  "stats",
  "keygen",
  "report",
  "doctor",
  "version",
  "completion",
] as const;

type CommandName = (typeof COMMAND_NAMES)[number];

export function isCommandName(name: string): name is CommandName {
  return (COMMAND_NAMES as readonly string[]).includes(name);
}

/**
 * Loads a command. Only those that are needed are loaded, because that takes time.
 * @param childCommand what followed `--` on the command line, for `run`
 */
export async function loadCommand(
  name: CommandName,
  context: CommandContext,
  childCommand: readonly string[],
): Promise<CommandDeclaration> {
  const command = declarationOf(await defineCommand(name, context, childCommand));
  addCommonOptions(command);
  for (const [alias, aliased] of NAMES_OF_ALIASES) if (aliased === name) command.aliases.push(alias);
  return command;
}

export async function loadAllCommands(
  context: CommandContext,
  childCommand: readonly string[],
): Promise<CommandDeclaration[]> {
  return await Promise.all(COMMAND_NAMES.map((name) => loadCommand(name, context, childCommand)));
}

/** One function for all: to create one for each takes longer than to declare the options of a command. */
async function defineCommand(
  name: CommandName,
  context: CommandContext,
  childCommand: readonly string[],
): Promise<CommandUnknownOpts> {
  switch (name) {
    case "hash":
      return (await import("./hash.ts")).defineHashCommand(context);
    case "key":
      return (await import("./key.ts")).defineKeyCommand(context);
    case "restore":
      return (await import("./restore.ts")).defineRestoreCommand(context);
    case "lookup":
      return (await import("./lookup.ts")).defineLookupCommand(context);
    case "store":
      return (await import("./store.ts")).defineStoreCommand(context);
    case "run":
      return (await import("./run.ts")).defineRunCommand(context, childCommand);
    case "clean":
      return (await import("./clean.ts")).defineCleanCommand(context);
    case "verify":
      return (await import("./verify.ts")).defineVerifyCommand(context);
    case "export":
      return (await import("./export.ts")).defineExportCommand(context);
    case "import":
      return (await import("./import.ts")).defineImportCommand(context);
    case "list":
      return (await import("./list.ts")).defineListCommand(context);
    case "inspect":
      return (await import("./inspect.ts")).defineInspectCommand(context);
    case "delete":
      return (await import("./delete.ts")).defineDeleteCommand(context);
    case "pin":
      return (await import("./pin.ts")).definePinCommand(context);
    case "unpin":
      return (await import("./pin.ts")).defineUnpinCommand(context);
    case "stats":
      return (await import("./stats.ts")).defineStatsCommand(context);
    case "keygen":
      return (await import("./keygen.ts")).defineKeygenCommand(context);
    case "report":
      return (await import("./report.ts")).defineReportCommand(context);
    case "doctor":
      return (await import("./doctor.ts")).defineDoctorCommand(context);
    case "version":
      return (await import("./version.ts")).defineVersionCommand(context);
    case "completion": {
      const { defineCompletionCommand } = await import("./completion.ts");
      return defineCompletionCommand(context, () => loadAllCommands(context, childCommand));
    }
  }
}
