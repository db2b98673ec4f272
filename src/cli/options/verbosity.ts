import { Option } from "../parser/option.ts";

/** `quiet`: only results, warnings and errors. `verbose`: also what led to them. */
export type Verbosity = "quiet" | "normal" | "verbose";

export function defineQuietOption() {
  return new Option("-q, --quiet", "print only results, warnings and errors")
    .env("BTDT_QUIET")
    .default(false);
}

export function defineVerboseOption() {
  return new Option("-v, --verbose", "print more details").env("BTDT_VERBOSE").default(false);
}

/** `--verbose` wins: someone looking for a cause adds it, or its variable, to a command that is already quiet. */
export function chooseVerbosity(options: Readonly<Record<string, unknown>>): Verbosity {
  if (options["verbose"] === true) return "verbose";
  return options["quiet"] === true ? "quiet" : "normal";
}
