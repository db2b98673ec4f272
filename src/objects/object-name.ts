import { compileLightly } from "../base/compile-lightly.ts";
import { at, type Manifest } from "../manifest/manifest.ts";
import { PERMISSIONS } from "./object-attributes.ts";

/**
 * An object is one inode that restored trees link to, so its name contains everything that belongs to an inode and is
 * part of a tree: `<digest>-<permissions, octal>-<mtime seconds>.<nanoseconds, 9 digits>`. The name of an exclusive
 * object, which no more than one tree links to, ends in `-x`.
 */
export interface ObjectName {
  readonly digestHex: string;
  readonly permissions: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  readonly isExclusive: boolean;
}

/** The name of an object of a file in a manifest, by default of the one that any number of trees may link to. */
export function nameObject(manifest: Manifest, file: number, isExclusive = false): string {
  return formatObjectName({
    digestHex: manifest.digestHex(file),
    permissions: at(manifest.fileModes, file) & PERMISSIONS,
    mtimeSeconds: at(manifest.fileMtimeSeconds, file),
    mtimeNanoseconds: at(manifest.fileMtimeNanoseconds, file),
    isExclusive,
  });
}

export function formatObjectName(name: ObjectName): string {
  const { digestHex, permissions, mtimeSeconds, mtimeNanoseconds } = name;
  const ending = name.isExclusive ? EXCLUSIVE_ENDING : "";
  return `${digestHex}-${permissions.toString(8)}-${formatMtime(mtimeSeconds, mtimeNanoseconds)}${ending}`;
}

export const EXCLUSIVE_ENDING = "-x";

/** The other object that a file with this one may have: the exclusive one, or the one that is not. */
export function twinOf(objectName: string): string {
  return objectName.endsWith(EXCLUSIVE_ENDING)
    ? objectName.slice(0, -EXCLUSIVE_ENDING.length)
    : objectName + EXCLUSIVE_ENDING;
}

/**
 * No leading zeros and no `-0`: each name has one form. A literal, here and elsewhere: building one from a text takes
 * ten times as long, at each start.
 */
const OBJECT_NAME = /^([0-9a-f]{64})-(0|[1-7][0-7]{0,2})-(0|-?[1-9]\d{0,15})\.(\d{9})(-x)?$/;

/** Undefined if the name is not that of an object: such a file is foreign and left alone. */
export function parseObjectName(text: string): ObjectName | undefined {
  const [, digestHex, permissions, seconds, nanoseconds, ending] = OBJECT_NAME.exec(text) ?? [];
  if (
    digestHex === undefined ||
    permissions === undefined ||
    seconds === undefined ||
    nanoseconds === undefined
  ) {
    return undefined;
  }
  const mtimeSeconds = Number(seconds);
  if (!Number.isSafeInteger(mtimeSeconds)) return undefined;
  const mtimeNanoseconds = Number(nanoseconds);
  return {
    digestHex,
    permissions: Number.parseInt(permissions, 8),
    mtimeSeconds,
    mtimeNanoseconds,
    isExclusive: ending !== undefined,
  };
}

function formatMtime(seconds: number, nanoseconds: number): string {
  return `${seconds}.${nanoseconds.toString().padStart(9, "0")}`;
}

compileLightly(formatObjectName, formatMtime, nameObject, parseObjectName);
