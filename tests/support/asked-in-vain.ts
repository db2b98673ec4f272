/** Waits until something has tried several times to get a lock and failed. */
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
