import { hashPaths } from "../../read/hash-paths.ts";
import { hashPathsBlake3 } from "../../read/hash-paths-blake3.ts";
import type { CommandContext } from "../command-context.ts";
import { Command } from "../parser/command.ts";
import { Option } from "../parser/option.ts";

export function defineHashCommand(context: CommandContext) {
  return new Command("hash")
    .summary("print a digest of files and directories")
    .description(
      "Print one SHA-256 digest (64 hexadecimal digits) of all PATHs. For a single file of up to 4 MiB, it is what sha256sum " +
        "prints. For a directory, it covers names, types and contents, but not modes and times. The order of several PATHs " +
        "matters, their names do not. With blake3, the digest of a file is what b3sum prints.",
    )
    .addOption(
      new Option("--algorithm <name>", "hash algorithm; blake3 yields the digests of the Rust btdt")
        .env("BTDT_ALGORITHM")
        .choices(["sha256", "blake3"] as const)
        .default("sha256" as const),
    )
    .argument("<path...>", "files and directories to hash")
    .addHelpText("after", "\nExample:\n  btdt hash package-lock.json")
    .action(async (paths, { algorithm }) => {
      const hash = algorithm === "blake3" ? hashPathsBlake3 : hashPaths;
      const digest = await hash(paths, context.runtime);
      context.output.printResult(digest);
      context.output.printDocument({ algorithm, digest });
    });
}
