import { createHash } from "node:crypto";
import type { TreeNode } from "./tree.ts";

/** Digests as documented, computed independently of btdt's implementation. */

const CHUNK_BYTES = 4 * 1024 * 1024;

export function sha256(content: string | Uint8Array): Buffer {
  return createHash("sha256").update(content).digest();
}

function tagged(tag: string, parts: readonly Uint8Array[]): Buffer {
  return createHash("sha512-256")
    .update(Buffer.concat([Buffer.from(tag), ...parts]))
    .digest();
}

export function fileDigest(content: Uint8Array): Buffer {
  if (content.length <= CHUNK_BYTES) return sha256(content);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(content.length));
  const chunks: Buffer[] = [];
  for (let start = 0; start < content.length; start += CHUNK_BYTES) {
    chunks.push(sha256(content.subarray(start, start + CHUNK_BYTES)));
  }
  return tagged("btdt chunks 1\0", [size, ...chunks]);
}

export function directoryDigest(directory: Extract<TreeNode, { kind: "directory" }>): Buffer {
  const children = Object.entries(directory.children).map(([name, node]) => {
    return { name: Buffer.from(name, "latin1"), node };
  });
  children.sort((left, right) => Buffer.compare(left.name, right.name));
  const parts = children.flatMap(({ name, node }) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(name.length);
    return [Buffer.from(node.kind.slice(0, 1).replace("s", "l")), length, name, nodeDigest(node)];
  });
  return tagged("btdt directory 1\0", parts);
}

function nodeDigest(node: TreeNode): Buffer {
  switch (node.kind) {
    case "directory":
      return directoryDigest(node);
    case "file":
      return fileDigest(Buffer.from(node.content));
    case "symlink":
      return sha256(Buffer.from(node.target, "latin1"));
  }
}

export function pathsDigest(digests: readonly Uint8Array[]): Buffer {
  return tagged("btdt paths 1\0", digests);
}
