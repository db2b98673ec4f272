/**
 * The names in either of two listings. A listing may be incomplete, as on a network file system whose directory has
 * just changed; nothing would reveal a missing name, and what it needs would count as garbage.
 */
export function listTwice(list: () => readonly string[]): string[] {
  return [...new Set([...list(), ...list()])].toSorted();
}
