import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { CommandContext } from "../command-context.ts";
import { addCommonOptions } from "../options/common-options.ts";
import { type CommandDeclaration, declarationOf } from "../parser/command.ts";

type LoadDefinition = () => Promise<CommandUnknownOpts>;
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
  const loaders: Record<string, LoadDefinition> = {
    hash: async () => (await import("./hash.ts")).defineHashCommand(context),
    key: async () => (await import("./key.ts")).defineKeyCommand(context),
    restore: async () => (await import("./restore.ts")).defineRestoreCommand(context),
    lookup: async () => (await import("./lookup.ts")).defineLookupCommand(context),
    store: async () => (await import("./store.ts")).defineStoreCommand(context),
    run: async () => (await import("./run.ts")).defineRunCommand(context, childCommand),
    clean: async () => (await import("./clean.ts")).defineCleanCommand(context),
    verify: async () => (await import("./verify.ts")).defineVerifyCommand(context),
    export: async () => (await import("./export.ts")).defineExportCommand(context),
    import: async () => (await import("./import.ts")).defineImportCommand(context),
    list: async () => (await import("./list.ts")).defineListCommand(context),
    inspect: async () => (await import("./inspect.ts")).defineInspectCommand(context),
    delete: async () => (await import("./delete.ts")).defineDeleteCommand(context),
    pin: async () => (await import("./pin.ts")).definePinCommand(context),
    unpin: async () => (await import("./pin.ts")).defineUnpinCommand(context),
    stats: async () => (await import("./stats.ts")).defineStatsCommand(context),
    keygen: async () => (await import("./keygen.ts")).defineKeygenCommand(context),
    report: async () => (await import("./report.ts")).defineReportCommand(context),
    doctor: async () => (await import("./doctor.ts")).defineDoctorCommand(context),
    version: async () => (await import("./version.ts")).defineVersionCommand(context),
    completion: async () => {
      const { defineCompletionCommand } = await import("./completion.ts");
      return defineCompletionCommand(context, async () => {
        return await Promise.all(Object.values(completed).map((load) => load()));
      });
    },
  };
  const completed: Readonly<Record<string, LoadCommand>> = Object.fromEntries(
    Object.entries(loaders).map(([name, load]) => [name, async () => complete(declarationOf(await load()))]),
  );
  return completed;
}

function complete(command: CommandDeclaration): CommandDeclaration {
  addCommonOptions(command);
  for (const [alias, name] of NAMES_OF_ALIASES) if (name === command.name) command.aliases.push(alias);
  return command;
}
