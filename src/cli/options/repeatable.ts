import type { Option } from "@commander-js/extra-typings";

/** The parser of options that may be given several times. */
export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** In a variable each line is one of its values. */
export function isRepeatable(option: Option): boolean {
  return option.parseArg === (collect as typeof option.parseArg);
}
