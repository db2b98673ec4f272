import { escapeControls } from "../../base/byte-string.ts";
import type { CommandContext } from "../command-context.ts";
import { Command } from "../parser/command.ts";

export function defineKeygenCommand(context: CommandContext) {
  return new Command("keygen")
    .summary("make a key pair to sign entries with")
    .description(
      "Make an Ed25519 key pair: the private key goes to FILE, which nobody else can read, and the public key to FILE.pub and to standard " +
        "output. Without FILE, both are printed, the private key first. Existing files are never overwritten.",
    )
    .argument("[file]", "where to write the private key")
    .addHelpText("after", "\nExample:\n  btdt keygen signing.key")
    .action(async (file) => {
      const { output } = context;
      const { generateKeys } = await import("../../trust/generate-keys.ts");
      if (file === undefined) {
        const { id, privateText, publicText } = generateKeys();
        output.printResult(privateText);
        output.printResult(publicText);
        output.printDocument({ id, privateKey: privateText, publicKey: publicText });
        return;
      }
      const { writeKeys } = await import("../../trust/write-keys.ts");
      const { id, publicText, publicPath } = writeKeys(file);
      output.printResult(publicText);
      output.note(
        `wrote ${escapeControls(file)} and ${escapeControls(publicPath)}; the id of the key is ${id}`,
      );
      output.printDocument({ id, publicKey: publicText, privatePath: file, publicPath });
    });
}
