import { version } from "../../../package.json" with { type: "json" };
import { FORMAT_VERSION } from "../../cache/cache-directory.ts";
import type { CommandContext } from "../command-context.ts";
import { Command } from "../parser/command.ts";

export function defineVersionCommand({ output, environment }: CommandContext) {
  return new Command("version")
    .summary("print the version and platform")
    .description(
      "Print the version, the platform that it was built for, and the Bun version that it was built with.",
    )
    .addHelpText("after", "\nExample:\n  btdt version --json")
    .action(() => {
      const platform = `${environment.os}-${environment.arch}`;
      output.printResult(`btdt ${version} ${platform}, Bun ${Bun.version}`);
      output.printDocument({
        btdt: version,
        platform,
        bun: Bun.version,
        cacheFormat: FORMAT_VERSION,
      });
    });
}
