/** Work that nobody stops. */
export const UNCANCELLED = { isCancelled: (): boolean => false };
