import { createHash } from "node:crypto";
import { type BigIntStats, constants, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { TreeNode } from "./tree.ts";

/** One line for each path in a tree, with everything that a restore must bring back. */
export type Snapshot = ReadonlyMap<string, string>;

export interface SnapshotOptions {
  /** The root's own mode and time, for destinations that keep theirs; default true. */
  readonly withRoot?: boolean;
  readonly withMtime?: boolean;
}

/** A tree at this moment, to be compared with a later state. */
export function snapshotTree(path: string, options: SnapshotOptions = {}): Snapshot {
  const snapshot = new Map<string, string>();
  const root = Buffer.from(path, "utf8").toString("latin1");
  describeInto(snapshot, root, "", options);
  return snapshot;
}

function describeInto(
  snapshot: Map<string, string>,
  root: string,
  relative: string,
  options: SnapshotOptions,
): void {
  const path = Buffer.from(relative === "" ? root : `${root}/${relative}`, "latin1");
  const stats = lstatSync(path, { bigint: true });
  if (relative !== "" || options.withRoot !== false) {
    const mtime = options.withMtime === false ? "" : ` mtime ${stats.mtimeNs}`;
    snapshot.set(relative === "" ? "." : relative, `${describe(path, stats)}${mtime}`);
  }
  if (!stats.isDirectory()) return;
  for (const name of readdirSync(path, { encoding: "buffer" })
    .map((name) => name.toString("latin1"))
    .toSorted()) {
    describeInto(snapshot, root, relative === "" ? name : `${relative}/${name}`, options);
  }
}

function describe(path: Buffer, stats: BigIntStats): string {
  const mode = Number(stats.mode) & 0o7777;
  switch (Number(stats.mode) & constants.S_IFMT) {
    case constants.S_IFREG:
      return describeFile(mode, readFileSync(path));
    case constants.S_IFDIR:
      return `directory ${octal(mode)}`;
    case constants.S_IFLNK:
      return `symlink to ${readlinkSync(path, { encoding: "buffer" }).toString("latin1")}`;
    default:
      return `other ${octal(mode)}`;
  }
}

/** A tree as created from this literal, with all mtimes in whole seconds. */
export function snapshotOf(node: TreeNode, options: SnapshotOptions = {}): Snapshot {
  const snapshot = new Map<string, string>();
  describeNodeInto(snapshot, node, "", options);
  return snapshot;
}

function describeNodeInto(
  snapshot: Map<string, string>,
  node: TreeNode,
  relative: string,
  options: SnapshotOptions,
): void {
  if (relative !== "" || options.withRoot !== false) {
    const mtime = options.withMtime === false ? "" : ` mtime ${node.mtime?.slice(1)}000000000`;
    snapshot.set(relative === "" ? "." : relative, `${describeNode(node)}${mtime}`);
  }
  if (node.kind !== "directory") return;
  for (const [name, child] of Object.entries(node.children))
    describeNodeInto(snapshot, child, relative === "" ? name : `${relative}/${name}`, options);
}

function describeNode(node: TreeNode): string {
  switch (node.kind) {
    case "file":
      return describeFile(node.mode ?? 0o644, Buffer.from(node.content));
    case "directory":
      return `directory ${octal(node.mode ?? 0o755)}`;
    case "symlink":
      return `symlink to ${node.target}`;
  }
}

const octal = (mode: number): string => mode.toString(8).padStart(4, "0");

function describeFile(mode: number, content: Uint8Array): string {
  return `file ${octal(mode)} ${content.length} bytes sha256 ${createHash("sha256").update(content).digest("hex")}`;
}

/** Each difference as a line; empty if both are equal. */
export function differences(expected: Snapshot, actual: Snapshot): string[] {
  const lines: string[] = [];
  for (const [path, description] of expected) {
    const other = actual.get(path);
    if (other === undefined) lines.push(`${path}: missing (${description})`);
    else if (other !== description) lines.push(`${path}: ${other}, not ${description}`);
  }
  for (const [path, description] of actual)
    if (!expected.has(path)) lines.push(`${path}: too much (${description})`);
  return lines;
}

/** How two trees differ in content, mode, mtime, symlink target and kind. */
export function compareTrees(expected: string, actual: string, options: SnapshotOptions = {}): string[] {
  return differences(snapshotTree(expected, options), snapshotTree(actual, options));
}
