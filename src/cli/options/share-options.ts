import type { ShareGlobs } from "../../sharing/share-globs.ts";
import { Option } from "../parser/option.ts";
import { appendGlobs } from "./repeatable.ts";

/** Options that say which files may be linked by several trees, where their names do not. */

export function defineShareOption() {
  return new Option(
    "--share <glob>",
    "let any number of trees link to matching files, as to package contents (gitignore syntax); repeatable",
  )
    .env("BTDT_SHARE")
    .argParser(appendGlobs)
    .default([] as string[]);
}

export function defineNoShareOption() {
  // The parser takes it for the opposite of a switch, in its types as well.
  const flags: string = "--no-share <glob>";
  const option = new Option(
    flags as "--noShare <glob>",
    "never let two trees link to matching files; wins over --share; repeatable",
  )
    .env("BTDT_NO_SHARE")
    .argParser(appendGlobs)
    .default([] as string[]);
  option.negate = false;
  return option;
}

export function shareGlobsOf(options: {
  readonly share: readonly string[];
  readonly noShare: readonly string[];
}): ShareGlobs {
  return { share: options.share, noShare: options.noShare };
}
