import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { CommandContext } from "../command-context.ts";
import { addCommonOptions } from "../options/common-options.ts";
import { type CommandDeclaration, declarationOf } from "../parser/command.ts";

type LoadCommand = () => Promise<CommandDeclaration>;

/** What some commands can be called as well: the names of the same in a shell. */
const NAMES_OF_ALIASES: ReadonlyMap<string, string> = new Map([
  ["ls", "list"],
  ["rm", "delete"],
]);

/** The name of a command that may be called by its alias. */
export function resolveAlias(name: string): string {
  return NAMES_OF_ALIASES.get(name) ?? name;
}

/**
 * How to load each command, by name and in the order of the help. Each is loaded only when it is needed, because that
 * takes time.
 * @param childCommand what followed `--` on the command line, for `run`
 */
export function listCommandLoaders(
  context: CommandContext,
  childCommand: readonly string[],
): Readonly<Record<string, LoadCommand>> {
  const loaders: Record<string, LoadCommand> = {
    hash: async () => complete((await import("./hash.ts")).defineHashCommand(context)),
    key: async () => complete((await import("./key.ts")).defineKeyCommand(context)),
    restore: async () => complete((await import("./restore.ts")).defineRestoreCommand(context)),
    lookup: async () => complete((await import("./lookup.ts")).defineLookupCommand(context)),
    store: async () => complete((await import("./store.ts")).defineStoreCommand(context)),
    run: async () => complete((await import("./run.ts")).defineRunCommand(context, childCommand)),
    clean: async () => complete((await import("./clean.ts")).defineCleanCommand(context)),
    verify: async () => complete((await import("./verify.ts")).defineVerifyCommand(context)),
    export: async () => complete((await import("./export.ts")).defineExportCommand(context)),
    import: async () => complete((await import("./import.ts")).defineImportCommand(context)),
    list: async () => complete((await import("./list.ts")).defineListCommand(context)),
    inspect: async () => complete((await import("./inspect.ts")).defineInspectCommand(context)),
    delete: async () => complete((await import("./delete.ts")).defineDeleteCommand(context)),
    pin: async () => complete((await import("./pin.ts")).definePinCommand(context)),
    unpin: async () => complete((await import("./pin.ts")).defineUnpinCommand(context)),
    stats: async () => complete((await import("./stats.ts")).defineStatsCommand(context)),
    keygen: async () => complete((await import("./keygen.ts")).defineKeygenCommand(context)),
    report: async () => complete((await import("./report.ts")).defineReportCommand(context)),
    doctor: async () => complete((await import("./doctor.ts")).defineDoctorCommand(context)),
    version: async () => complete((await import("./version.ts")).defineVersionCommand(context)),
    completion: async () => {
      const { defineCompletionCommand } = await import("./completion.ts");
      return complete(
        defineCompletionCommand(context, () => Promise.all(Object.values(loaders).map((load) => load()))),
      );
    },
  };
  return loaders;
}

function complete(defined: CommandUnknownOpts): CommandDeclaration {
  const command = declarationOf(defined);
  addCommonOptions(command);
  for (const [alias, name] of NAMES_OF_ALIASES) if (name === command.name) command.aliases.push(alias);
  return command;
}
