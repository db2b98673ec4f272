/**
 * The names that one of two listings has. A listing may come back short, as of a network file system whose directory has
 * just changed; for what is missing in it nothing speaks up, and what it needs would be taken for garbage.
 */
export function listTwice(list: () => readonly string[]): string[] {
  return [...new Set([...list(), ...list()])].toSorted();
}
