import * as fc from "fast-check";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { manifestOf } from "./listed-manifest.ts";
import { directory, type FileNode, file } from "./listed-tree.ts";

/** Few values, so that files are often alike in all but one of them. */
export function similarFiles(digests: readonly string[]): fc.Arbitrary<FileNode> {
  return fc
    .record({
      digest: fc.constantFrom(...digests),
      mode: fc.constantFrom(0o644, 0o755),
      size: fc.constantFrom(1, 2),
      mtime: fc.record({
        seconds: fc.constantFrom(-1, 0, 2 ** 33),
        nanoseconds: fc.constantFrom(0, 5),
      }),
    })
    .map(file);
}

/** A directory with these files, in this order. */
export function manifestOfFiles(nodes: readonly FileNode[]): Manifest {
  const named = nodes.map((node, index) => [`${index}`.padStart(6, "0"), node]);
  return manifestOf(directory(Object.fromEntries(named)));
}
