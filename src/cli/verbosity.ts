import { Option } from "@commander-js/extra-typings";

/** `quiet`: results, warnings and errors only. `verbose`: also what led to them. */
export type Verbosity = "quiet" | "normal" | "verbose";

export function quietOption() {
  return new Option("-q, --quiet", "print only results, warnings and errors")
    .env("BTDT_QUIET")
    .default(false);
}

export function verboseOption() {
  return new Option("-v, --verbose", "print more details").env("BTDT_VERBOSE").default(false);
}

/** Loud wins, because whoever looks for the cause of something adds it, or its variable, to a command that is quiet. */
export function verbosityOf(options: Readonly<Record<string, unknown>>): Verbosity {
  if (options["verbose"] === true) return "verbose";
  return options["quiet"] === true ? "quiet" : "normal";
}
