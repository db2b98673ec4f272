import { hasMostlyWaited, readThreadTimes } from "../fs/native/thread-waits.ts";

/** From now on, the calling thread is watched; tells whether it has mostly waited for a slow volume. */
export function watchWaits(): () => boolean {
  const before = readThreadTimes();
  return () => hasMostlyWaited(before, readThreadTimes());
}
