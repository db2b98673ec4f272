import type { BtdtError } from "../base/errors.ts";
import { explainFailure } from "./explain-failure.ts";

type Attempted<Result> =
  | { readonly kind: "done"; readonly result: Result }
  /** To be reported as a warning. */
  | { readonly kind: "failed"; readonly error: BtdtError };

/**
 * Does what needs the cache, for callers that can do without: trouble with a cache must not break a build.
 * @param isErrorOk false to have all errors thrown
 * @throws BtdtError USAGE and CANCELLED in any case: the user made a mistake, or wants it to stop
 */
export async function attempt<Result>(
  isErrorOk: boolean,
  action: () => Promise<Result>,
): Promise<Attempted<Result>> {
  try {
    return { kind: "done", result: await action() };
  } catch (thrown) {
    const error = explainFailure(thrown);
    if (!isErrorOk || error.code === "USAGE" || error.code === "CANCELLED") throw thrown;
    return { kind: "failed", error };
  }
}
