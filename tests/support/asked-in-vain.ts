/** Lets a test wait until something has asked for a lock several times and not got it, by the question that it asks each time. */
export function askedInVain(): { readonly isCancelled: () => boolean; readonly often: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let count = 0;
  const isCancelled = (): boolean => {
    count += 1;
    if (count === 4) resolve();
    return false;
  };
  return { isCancelled, often: promise };
}
