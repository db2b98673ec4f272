import type { Option } from "@commander-js/extra-typings";

/** The parser of options that may be given several times. */
export function appendValue(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** In its variable, each line of such an option is one value. */
export function isRepeatable(option: Option): boolean {
  return option.parseArg === (appendValue as typeof option.parseArg);
}
