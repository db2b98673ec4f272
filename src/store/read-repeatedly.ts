import type { ByteString } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { SourceError, type SourceFailure } from "../read/source-failure.ts";
import type { SkipOptions } from "./request.ts";

/** What changes is read again: temporary files are gone by then, and nobody is writing most of the others. */
const MOST_REREADS = 2;
/** Each leaves out more: a source in which something new fails every time makes no useful entry. */
const MOST_ATTEMPTS = 10;

/**
 * Reads and keeps a source until nothing of it fails, except for what may be left out.
 * @param attempt given the paths to leave out; throws SourceError
 * @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE, and what `attempt` throws otherwise
 */
export async function readRepeatedly<Result>(
  options: SkipOptions,
  attempt: (skipped: ReadonlySet<ByteString>) => Promise<Result>,
): Promise<{ readonly result: Result; readonly skipped: readonly SourceFailure[] }> {
  const skipped = new Map<ByteString, SourceFailure>();
  for (let attemptCount = 1; ; attemptCount++) {
    try {
      return { result: await attempt(new Set(skipped.keys())), skipped: [...skipped.values()] };
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      const mayReread = attemptCount <= MOST_REREADS;
      for (const failure of error.failures) {
        if (failure.code === "SOURCE_CHANGED" && mayReread) continue;
        if (!maySkip(failure, options) || attemptCount === MOST_ATTEMPTS) throw withOption(error, failure);
        skipped.set(failure.path, failure);
      }
    }
  }
}

function maySkip({ path, code }: SourceFailure, { skipChanged, skipUnreadable }: SkipOptions): boolean {
  // Without its root, there is no tree.
  return path !== "" && (code === "SOURCE_CHANGED" ? skipChanged : skipUnreadable);
}

/** @param failure the one that was decisive */
function withOption(error: SourceError, { path, code }: SourceFailure): BtdtError {
  const same = error.failures.filter((each) => each.code === code);
  const [first] = same;
  const { message } = first === undefined ? error : new SourceError(first, same);
  const isChanged = code === "SOURCE_CHANGED";
  const wait = isChanged ? ["wait until nothing writes to it"] : [];
  const leaveOut = isChanged ? "--skip-changed" : "--skip-unreadable";
  const others = path === "" ? [] : ["exclude it with --exclude", `leave out such files with ${leaveOut}`];
  const hint = [...wait, ...others].join(", or ");
  return new BtdtError(code, message, hint === "" ? {} : { hint });
}
