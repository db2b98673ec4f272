import type { ByteString } from "../base/byte-string.ts";
import { compileLightly } from "../base/compile-lightly.ts";
import type { FileStatus } from "../fs/native/file-status.ts";
import { at, type Manifest } from "../manifest/manifest.ts";

/** What of a file's mode its object has. */
export const PERMISSIONS = 0o777;

/**
 * An object is one inode that every restored tree links to, so it is named by all that an inode has and a
 * tree can tell: `<digest>-<permissions, octal>-<mtime seconds>.<nanoseconds, 9 digits>`. Its directory
 * is the digest's first two digits.
 */
export interface ObjectName {
  readonly digestHex: string;
  readonly permissions: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
}

export const SHARD_NAMES: readonly string[] = Array.from({ length: 256 }, (_, index) =>
  index.toString(16).padStart(2, "0"),
);

/** The path of the object of a manifest's file below the objects' directory. */
export function objectPathOf(objects: ByteString, manifest: Manifest, file: number): ByteString {
  const name = objectNameOf(manifest, file);
  return `${objects}/${name.slice(0, 2)}/${name}` as ByteString;
}

export function objectNameOf(manifest: Manifest, file: number): string {
  return formatObjectName({
    digestHex: manifest.digestHex(file),
    permissions: at(manifest.fileModes, file) & PERMISSIONS,
    mtimeSeconds: at(manifest.fileMtimeSeconds, file),
    mtimeNanoseconds: at(manifest.fileMtimeNanoseconds, file),
  });
}

export function formatObjectName(name: ObjectName): string {
  return `${name.digestHex}-${name.permissions.toString(8)}-${mtimeText(name.mtimeSeconds, name.mtimeNanoseconds)}`;
}

const OBJECT_NAME = /^([0-9a-f]{64})-(0|[1-7][0-7]{0,2})-(-?\d{1,16})\.(\d{9})$/;

/** Undefined for a name that is not an object's: such a file is foreign and is left alone. */
export function parseObjectName(text: string): ObjectName | undefined {
  const [, digestHex, permissions, seconds, nanoseconds] = OBJECT_NAME.exec(text) ?? [];
  if (
    digestHex === undefined ||
    permissions === undefined ||
    seconds === undefined ||
    nanoseconds === undefined
  ) {
    return undefined;
  }
  const name = {
    digestHex,
    permissions: Number.parseInt(permissions, 8),
    mtimeSeconds: Number(seconds),
    mtimeNanoseconds: Number(nanoseconds),
  };
  // Leading zeros and the like: btdt does not write such names.
  return Number.isSafeInteger(name.mtimeSeconds) && formatObjectName(name) === text ? name : undefined;
}

function mtimeText(seconds: number, nanoseconds: number): string {
  return `${seconds}.${nanoseconds.toString().padStart(9, "0")}`;
}

/**
 * Only files with something to share and without special bits become links: an empty file costs nothing to make, and
 * a set-user-id file in a cache that others can write would be a gift to them.
 */
export function isLinkable(manifest: Manifest, file: number): boolean {
  return hasObject(manifest, file) && (at(manifest.fileModes, file) & ~PERMISSIONS) === 0;
}

/** An empty file is made anew by every restore. */
export function hasObject(manifest: Manifest, file: number): boolean {
  return at(manifest.fileSizes, file) > 0;
}

/** Whether an object still is what its manifest says, as far as its inode can tell. */
export function isWhole(status: FileStatus, manifest: Manifest, file: number): boolean {
  return (
    status.kind === "file" &&
    status.sizeBytes === at(manifest.fileSizes, file) &&
    status.mode === (at(manifest.fileModes, file) & PERMISSIONS) &&
    status.mtimeSeconds === at(manifest.fileMtimeSeconds, file) &&
    status.mtimeNanoseconds === at(manifest.fileMtimeNanoseconds, file)
  );
}

compileLightly(formatObjectName, hasObject, isLinkable, isWhole, mtimeText, objectNameOf, objectPathOf);
