import { chmodSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { must } from "./executable.ts";

/** A tree as a literal. Names are byte strings: `\xff` is the byte 255, not the letter. */
export type TreeNode = DirectoryNode | FileNode | SymlinkNode;

interface Attributes {
  readonly mode?: number;
  /** In the syntax of `touch -d`: `@-1.5`, `@1700000000.123456789`. */
  readonly mtime?: string;
}

interface DirectoryNode extends Attributes {
  readonly kind: "directory";
  readonly children: Readonly<Record<string, TreeNode>>;
}

interface FileNode extends Attributes {
  readonly kind: "file";
  readonly content: string | Uint8Array;
}

interface SymlinkNode {
  readonly kind: "symlink";
  readonly target: string;
  readonly mtime?: string;
}

export function dir(
  children: Readonly<Record<string, TreeNode>> = {},
  attributes: Attributes = {},
): DirectoryNode {
  return { kind: "directory", children, ...attributes };
}

export function file(content: string | Uint8Array, attributes: Attributes = {}): FileNode {
  return { kind: "file", content, ...attributes };
}

export function symlink(target: string, mtime?: string): SymlinkNode {
  return { kind: "symlink", target, ...(mtime === undefined ? {} : { mtime }) };
}

/** Creates the tree; `path` must not exist. Attributes are set from the leaves upwards, so that they last. */
export function makeTree(path: string, node: TreeNode): void {
  makeNode(Buffer.from(path, "utf8").toString("latin1"), node);
}

function makeNode(bytes: string, node: TreeNode): void {
  const path = Buffer.from(bytes, "latin1");
  switch (node.kind) {
    case "symlink":
      symlinkSync(Buffer.from(node.target, "latin1"), path);
      break;
    case "file":
      writeFileSync(path, node.content, { flag: "wx" });
      chmodSync(path, node.mode ?? 0o644);
      break;
    case "directory":
      mkdirSync(path);
      for (const [name, child] of Object.entries(node.children)) makeNode(`${bytes}/${name}`, child);
      break;
  }
  if (node.mtime !== undefined) setMtime(bytes, node.mtime);
  if (node.kind === "directory") chmodSync(path, node.mode ?? 0o755);
}

function setMtime(bytes: string, mtime: string): void {
  const [, seconds] = /^@(\d+)$/.exec(mtime) ?? [];
  // Whole seconds are exact this way.
  if (seconds === undefined) touch(bytes, mtime);
  else lutimesSync(Buffer.from(bytes, "latin1"), Number(seconds), Number(seconds));
}

/** With a shell, because arguments that are not UTF-8 cannot be passed. */
function touch(bytes: string, mtime: string): void {
  const quoted = [...Buffer.from(bytes, "latin1")]
    .map((byte) => `\\${byte.toString(8).padStart(3, "0")}`)
    .join("");
  must(["sh", "-c", `touch -h -d '${mtime}' "$(printf '${quoted}')"`]);
}
