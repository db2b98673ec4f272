import { escapeControls } from "../../base/byte-string.ts";
import type { CommandContext } from "../command-context.ts";
import { fillInKeys } from "../options/fill-in-keys.ts";
import { defineAllowEmptyHashOption } from "../options/key-options.ts";
import { Command } from "../parser/command.ts";

export function defineKeyCommand(context: CommandContext) {
  return new Command("key")
    .summary("print keys with their templates filled in")
    .description(
      "Print the keys that the other commands make of each TEMPLATE, one on each line. No cache is needed. Exit status 1 or 2 if a " +
        "template cannot be filled in, or if a key is invalid.",
    )
    .addOption(defineAllowEmptyHashOption())
    .argument("<template...>", "keys, which may contain templates, as for --keys")
    .addHelpText(
      "after",
      "\nExample:\n  btdt key 'node-modules-{{ os }}-{{ hashFiles(\"package-lock.json\") }}'",
    )
    .action(async (templates, { allowEmptyHash }) => {
      const keys = await fillInKeys({ keys: templates, allowEmptyHash }, context);
      for (const key of keys) context.output.printResult(escapeControls(key));
      context.output.printDocument({ keys });
    });
}
