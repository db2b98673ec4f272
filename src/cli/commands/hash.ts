import { Command, Option } from "@commander-js/extra-typings";
import { hashPaths } from "../../read/hash-paths.ts";
import { hashPathsBlake3 } from "../../read/hash-paths-blake3.ts";
import type { CommandContext } from "../command-context.ts";

export function hashCommand(context: CommandContext) {
  return new Command("hash")
    .summary("print a digest of files and directories")
    .description(
      "Prints one SHA-256 digest, 64 hexadecimal digits, of all PATHs. For one file up to 4 MiB it is what sha256sum prints. " +
        "In a directory names, kinds and contents count; modes and times do not. Of several PATHs the order counts, " +
        "the names do not. With blake3 it is what b3sum prints for a file.",
    )
    .addOption(
      new Option("--algorithm <name>", "blake3 gives the digests of the btdt written in Rust")
        .env("BTDT_ALGORITHM")
        .choices(["sha256", "blake3"] as const)
        .default("sha256" as const),
    )
    .argument("<path...>", "files and directories")
    .addHelpText("after", "\nExample:\n  btdt hash package-lock.json")
    .action(async (paths, { algorithm }) => {
      const hash = algorithm === "blake3" ? hashPathsBlake3 : hashPaths;
      const digest = await hash(paths, context.runtime);
      context.output.result(digest);
      context.output.document({ algorithm, digest });
    });
}
