/** Positions of two paths, of which the inner one is the outer one or is below it. */
export interface PathOverlap {
  readonly inner: number;
  readonly outer: number;
}

/**
 * The first two paths that overlap. All must be normalised, and either all absolute or all relative; among relative
 * paths, "." is above all others.
 */
export function findPathOverlap(paths: readonly string[]): PathOverlap | undefined {
  if (paths.length < 2) return undefined;
  const positions = new Map<string, number>();
  for (const [inner, path] of paths.entries()) {
    const outer = positions.get(path);
    if (outer !== undefined) return { inner, outer };
    positions.set(path, inner);
  }
  for (const [inner, path] of paths.entries()) {
    for (const ancestor of ancestorsOf(path)) {
      const outer = positions.get(ancestor);
      if (outer !== undefined) return { inner, outer };
    }
  }
  return undefined;
}

function* ancestorsOf(path: string): Generator<string, void> {
  for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
    yield path.slice(0, slash);
  }
  const top = path.startsWith("/") ? "/" : ".";
  if (path !== top) yield top;
}
