import { Command } from "@commander-js/extra-typings";
import { hashPaths } from "../operations/hash-paths.ts";
import type { CommandContext } from "./command-context.ts";

export function hashCommand(context: CommandContext) {
  return new Command("hash")
    .summary("print a digest of files and directories")
    .description(
      "Prints one SHA-256 digest, 64 hexadecimal digits, of all PATHs. For one file up to 4 MiB it is what sha256sum prints. " +
        "In a directory names, kinds and contents count; modes and times do not. Of several PATHs the order counts, " +
        "the names do not.",
    )
    .argument("<path...>", "files and directories")
    .addHelpText("after", "\nExample:\n  btdt hash package-lock.json")
    .action(async (paths) => {
      context.output.result(await hashPaths(paths, context.runtime));
    });
}
