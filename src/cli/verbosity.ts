import { Option } from "@commander-js/extra-typings";

/** `quiet`: results, warnings and errors only. `verbose`: also what led to them. */
export type Verbosity = "quiet" | "normal" | "verbose";

export function quietOption(variables: Readonly<Record<string, string | undefined>>) {
  return new Option("-q, --quiet", "say nothing but results, warnings and errors (env: BTDT_QUIET)").default(
    isTrue(variables["BTDT_QUIET"]),
  );
}

export function verboseOption(variables: Readonly<Record<string, string | undefined>>) {
  return new Option("-v, --verbose", "say more about what is done (env: BTDT_VERBOSE)").default(
    isTrue(variables["BTDT_VERBOSE"]),
  );
}

/** Loud wins, because whoever looks for the cause of something adds it to a command that is quiet. */
export function verbosityOf(options: Readonly<Record<string, unknown>>): Verbosity {
  if (options["verbose"] === true) return "verbose";
  return options["quiet"] === true ? "quiet" : "normal";
}

/** How a variable says yes; anything else, also an empty text, says no. */
function isTrue(value: string | undefined): boolean {
  return /^(?:1|true|yes|on)$/i.test(value ?? "");
}
