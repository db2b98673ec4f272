import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeBashCompletion } from "../src/cli/completion/bash.ts";
import { describeCommand } from "../src/cli/completion/command-words.ts";
import { writeFishCompletion } from "../src/cli/completion/fish.ts";
import { writeZshCompletion } from "../src/cli/completion/zsh.ts";
import { buildCommand } from "../src/cli/parser/build-command.ts";
import type { Release } from "./changelog.ts";
import { listCommands } from "./commands.ts";
import { writeManPages } from "./man-pages.ts";
import type { ReleaseFile } from "./release-file.ts";

/** What accompanies the executable, whatever it is packaged in. */
export interface Documents {
  readonly licence: ReleaseFile;
  readonly changelog: ReleaseFile;
  readonly manPages: readonly ReleaseFile[];
  /** Named as each shell wants them. */
  readonly completions: { readonly bash: ReleaseFile; readonly zsh: ReleaseFile; readonly fish: ReleaseFile };
}

export async function writeDocuments(root: string, release: Release): Promise<Documents> {
  const commands = await listCommands();
  const words = commands.map(describeCommand);
  return {
    licence: { path: "LICENSE", mode: 0o644, bytes: readFileSync(join(root, "LICENSE")) },
    changelog: { path: "CHANGELOG.md", mode: 0o644, bytes: readFileSync(join(root, "CHANGELOG.md")) },
    manPages: writeManPages(commands.map(buildCommand), release),
    completions: {
      bash: textFile("btdt", writeBashCompletion(words)),
      zsh: textFile("_btdt", writeZshCompletion(words)),
      fish: textFile("btdt.fish", writeFishCompletion(words)),
    },
  };
}

function textFile(path: string, text: string): ReleaseFile {
  return { path, mode: 0o644, bytes: Buffer.from(text) };
}

/** The same file in a directory. */
export function placeIn(directory: string, file: ReleaseFile): ReleaseFile {
  return { ...file, path: `${directory}/${file.path}` };
}
