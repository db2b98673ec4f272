import type { ByteString } from "../../src/base/byte-string.ts";
import { at, Manifest } from "../../src/manifest/manifest.ts";
import {
  type DirectoryNode,
  directory,
  type FileNode,
  type ListedNode,
  type SymlinkNode,
} from "./listed-tree.ts";

interface Listed {
  readonly node: DirectoryNode;
  readonly name: string;
  readonly parent: number;
}

/** What a manifest says in addition to its tree. */
export interface Extras {
  /** Indexes of files: a hard link, and its target, whose content and attributes it is given. Ascending. */
  readonly links?: readonly (readonly [file: number, target: number])[];
  readonly usesExclusiveObjects?: boolean;
}

/** Builds a manifest column by column, following `docs/format.md`, without the code that reads trees. */
export function manifestOf(
  root: DirectoryNode | FileNode,
  { links = [], usesExclusiveObjects = false }: Extras = {},
): Manifest {
  const directories: Listed[] = [];
  const files: { readonly name: string; readonly node: FileNode }[] = [];
  const symlinks: { readonly name: string; readonly node: SymlinkNode }[] = [];
  const ends: [number, number][] = [];
  const visit = (node: DirectoryNode, name: string, parent: number): void => {
    const own = directories.push({ node, name, parent }) - 1;
    const sorted = [...node.children].toSorted(([left], [right]) => (left < right ? -1 : 1));
    for (const [childName, child] of sorted) {
      if (child.kind === "file") files.push({ name: childName, node: child });
      if (child.kind === "symlink") symlinks.push({ name: childName, node: child });
    }
    ends.push([files.length, symlinks.length]);
    for (const [childName, child] of sorted) if (child.kind === "directory") visit(child, childName, own);
  };
  if (root.kind === "directory") {
    visit(root, "", 0);
  } else {
    files.push({ name: "", node: root });
    directories.push({ node: directory({}, { mode: 0 }), name: "", parent: 0 });
    ends.push([1, 0]);
  }
  const bytesIn = (list: readonly { readonly name: string }[]): number =>
    list.reduce((sum, { name }) => sum + name.length, 0);
  const manifest = Manifest.allocate({
    isSingleFile: root.kind === "file",
    directoryCount: directories.length,
    fileCount: files.length,
    symlinkCount: symlinks.length,
    directoryNameBytes: bytesIn(directories),
    fileNameBytes: bytesIn(files),
    symlinkNameBytes: bytesIn(symlinks),
    symlinkTargetBytes: symlinks.reduce((sum, { node }) => sum + node.target.length, 0),
    linkCount: links.length,
    usesExclusiveObjects,
  });
  fillNames(
    manifest.directoryNames,
    manifest.directoryNameEnds,
    directories.map(({ name }) => name),
  );
  fillNames(
    manifest.fileNames,
    manifest.fileNameEnds,
    files.map(({ name }) => name),
  );
  fillNames(
    manifest.symlinkNames,
    manifest.symlinkNameEnds,
    symlinks.map(({ name }) => name),
  );
  fillNames(
    manifest.symlinkTargets,
    manifest.symlinkTargetEnds,
    symlinks.map(({ node }) => node.target),
  );
  for (const [index, { node, parent }] of directories.entries()) {
    manifest.directoryModes[index] = node.mode;
    manifest.directoryMtimeSeconds[index] = node.mtime.seconds;
    manifest.directoryMtimeNanoseconds[index] = node.mtime.nanoseconds;
    manifest.directoryParents[index] = parent;
    const [fileEnd, symlinkEnd] = ends[index] ?? [0, 0];
    manifest.directoryFileEnds[index] = fileEnd;
    manifest.directorySymlinkEnds[index] = symlinkEnd;
  }
  for (const [index, { node }] of files.entries()) {
    manifest.fileModes[index] = node.mode;
    manifest.fileSizes[index] = node.size;
    manifest.fileMtimeSeconds[index] = node.mtime.seconds;
    manifest.fileMtimeNanoseconds[index] = node.mtime.nanoseconds;
    manifest.fileDigests.set(Buffer.from(node.digest, "hex"), 32 * index);
  }
  for (const [index, [file, target]] of links.entries()) {
    manifest.linkFiles[index] = file;
    manifest.linkTargets[index] = target;
    copyAttributes(manifest, target, file);
  }
  for (const [index, { node }] of symlinks.entries()) {
    manifest.symlinkMtimeSeconds[index] = node.mtime.seconds;
    manifest.symlinkMtimeNanoseconds[index] = node.mtime.nanoseconds;
  }
  return manifest;
}

function copyAttributes(manifest: Manifest, from: number, to: number): void {
  const columns = [
    manifest.fileModes,
    manifest.fileSizes,
    manifest.fileMtimeSeconds,
    manifest.fileMtimeNanoseconds,
  ];
  for (const column of columns) column[to] = at(column, from);
  manifest.fileDigests.copyWithin(32 * to, 32 * from, 32 * (from + 1));
}

/** Paths of hard links, and of their targets. */
export function linksOf(manifest: Manifest): [string, string][] {
  return Array.from(manifest.linkFiles, (file, link) => [
    manifest.filePath(file),
    manifest.filePath(at(manifest.linkTargets, link)),
  ]);
}

function fillNames(bytes: Uint8Array, ends: Uint32Array, list: readonly string[]): void {
  let offset = 0;
  for (const [index, name] of list.entries()) {
    bytes.set(Buffer.from(name, "latin1"), offset);
    offset += name.length;
    ends[index] = offset;
  }
}

/**
 * The tree that a manifest describes. Throws if there is none, independently of the code under test: for a name that
 * leaves its directory, a name used twice, a directory outside the root.
 */
export function treeOf(manifest: Manifest): DirectoryNode | FileNode {
  const { counts } = manifest;
  const fileAt = (index: number): FileNode => ({
    kind: "file",
    mode: at(manifest.fileModes, index),
    mtime: {
      seconds: at(manifest.fileMtimeSeconds, index),
      nanoseconds: at(manifest.fileMtimeNanoseconds, index),
    },
    size: at(manifest.fileSizes, index),
    digest: Buffer.from(manifest.fileDigests.slice(32 * index, 32 * index + 32)).toString("hex"),
  });
  if (counts.isSingleFile) return fileAt(0);
  const children = Array.from({ length: counts.directoryCount }, () => new Map<string, ListedNode>());
  const add = (parent: number, name: ByteString, node: ListedNode): void => {
    const siblings = children[parent];
    if (siblings === undefined) throw new Error("a directory has no parent");
    if (name === "" || name === "." || name === ".." || /[/\0]/.test(name))
      throw new Error(`unsafe name ${name}`);
    if (siblings.has(name)) throw new Error(`two things have the name ${name}`);
    siblings.set(name, node);
  };
  const nodes = children.map(
    (own, index): DirectoryNode => ({
      kind: "directory",
      mode: at(manifest.directoryModes, index),
      mtime: {
        seconds: at(manifest.directoryMtimeSeconds, index),
        nanoseconds: at(manifest.directoryMtimeNanoseconds, index),
      },
      children: own,
    }),
  );
  let [file, link] = [0, 0];
  for (const [index, node] of nodes.entries()) {
    const parent = at(manifest.directoryParents, index);
    if (index > 0 && parent >= index) throw new Error("a directory comes before its parent");
    if (index > 0) add(parent, manifest.directoryName(index), node);
    for (; file < at(manifest.directoryFileEnds, index); file++)
      add(index, manifest.fileName(file), fileAt(file));
    for (; link < at(manifest.directorySymlinkEnds, index); link++) {
      const target = manifest.symlinkTarget(link);
      if (target === "" || target.includes("\0")) throw new Error("a symlink has no target");
      const mtime = {
        seconds: at(manifest.symlinkMtimeSeconds, link),
        nanoseconds: at(manifest.symlinkMtimeNanoseconds, link),
      };
      add(index, manifest.symlinkName(link), { kind: "symlink", mtime, target });
    }
  }
  if (file !== counts.fileCount || link !== counts.symlinkCount)
    throw new Error("something is in no directory");
  return nodes[0] ?? directory();
}
