import * as fc from "fast-check";

/**
 * Trees as listed in manifests, as literals or at random: files have a size and a digest, but no content (for trees
 * on disk, see `tree.ts`). Names and targets are byte strings.
 */
interface Mtime {
  readonly seconds: number;
  readonly nanoseconds: number;
}
export interface FileNode {
  readonly kind: "file";
  readonly mode: number;
  readonly mtime: Mtime;
  readonly size: number;
  readonly digest: string;
}
export interface SymlinkNode {
  readonly kind: "symlink";
  readonly mtime: Mtime;
  readonly target: string;
}
export interface DirectoryNode {
  readonly kind: "directory";
  readonly mode: number;
  readonly mtime: Mtime;
  readonly children: ReadonlyMap<string, ListedNode>;
}
export type ListedNode = FileNode | SymlinkNode | DirectoryNode;

const EPOCH: Mtime = { seconds: 0, nanoseconds: 0 };

export function file(attributes: Partial<Omit<FileNode, "kind">> = {}): FileNode {
  return { kind: "file", mode: 0o644, mtime: EPOCH, size: 1, digest: "00".repeat(32), ...attributes };
}
export function symlink(target: string, mtime = EPOCH): SymlinkNode {
  return { kind: "symlink", mtime, target };
}
export function directory(
  children: Readonly<Record<string, ListedNode>> = {},
  attributes: Partial<Pick<DirectoryNode, "mode" | "mtime">> = {},
): DirectoryNode {
  const map = new Map(Object.entries(children));
  return { kind: "directory", mode: 0o755, mtime: EPOCH, children: map, ...attributes };
}

const byteStrings = (minLength: number, maxLength: number, isByte: (byte: number) => boolean) =>
  fc
    .array(
      fc.oneof(
        { arbitrary: fc.integer({ min: 1, max: 255 }), weight: 1 },
        { arbitrary: fc.constantFrom(0x2e, 0x41, 0x61, 0x80, 0xff, 0x0a), weight: 1 },
      ),
      { minLength, maxLength },
    )
    .map((bytes) => String.fromCharCode(...bytes.filter(isByte)));

/** Any name that a directory can contain, including control characters and bytes that are not UTF-8. */
export const names = byteStrings(1, 12, (byte) => byte !== 0x2f).filter(
  (name) => name !== "" && name !== "." && name !== "..",
);
const targets = byteStrings(1, 30, () => true).filter((target) => target !== "");

/** From before 1970 to beyond what any file system can store. */
const mtimes = fc.record({
  seconds: fc.oneof(
    fc.maxSafeInteger(),
    fc.integer({ min: -2_208_988_800, max: 7_258_118_400 }),
    fc.constantFrom(0, -1, 1),
  ),
  nanoseconds: fc.oneof(fc.integer({ min: 0, max: 999_999_999 }), fc.constantFrom(0, 1, 999_999_999)),
});
const modes = fc.integer({ min: 0, max: 0o7777 });
const digests = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));

export const fileNodes: fc.Arbitrary<FileNode> = fc.record({
  kind: fc.constant("file" as const),
  mode: modes,
  mtime: mtimes,
  size: fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 1, 4 * 1024 * 1024, 5_000_000_000)),
  digest: digests,
});
const symlinkNodes: fc.Arbitrary<SymlinkNode> = fc.record({
  kind: fc.constant("symlink" as const),
  mtime: mtimes,
  target: targets,
});

export const directoryNodes: fc.Arbitrary<DirectoryNode> = fc.letrec<{ directory: DirectoryNode }>((tie) => ({
  directory: fc.record({
    kind: fc.constant("directory" as const),
    mode: modes,
    mtime: mtimes,
    children: fc
      .array(
        fc.tuple(
          names,
          fc.oneof({ maxDepth: 4, depthSize: "small" }, fileNodes, symlinkNodes, tie("directory")),
        ),
        { maxLength: 6 },
      )
      .map((entries) => new Map<string, ListedNode>(entries)),
  }),
})).directory;
