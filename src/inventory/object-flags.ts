import type { StoredObject } from "../objects/list-objects.ts";

/** What is known of an object besides its name, size and time, in five bits. */
export type ObjectFlags = Pick<StoredObject, "isFile" | "isNewer" | "isAsNamed" | "condition">;

export const IS_FILE = 1;
const IS_NEWER = 2;
export const IS_AS_NAMED = 4;
const CONDITION_SHIFT = 3;
/** A missing object is never listed. */
const CONDITIONS = [undefined, "whole", "damaged", "unreadable"] as const;

export function encodeFlags({ isFile, isNewer, isAsNamed, condition }: ObjectFlags): number {
  const flags =
    Math.max(
      0,
      CONDITIONS.findIndex((each) => each === condition),
    ) << CONDITION_SHIFT;
  return flags | flagsOf(isFile, isNewer, isAsNamed);
}

/** Of an object whose bytes were not read. */
export function flagsOf(isFile: boolean, isNewer: boolean, isAsNamed: boolean): number {
  return (isFile ? IS_FILE : 0) | (isNewer ? IS_NEWER : 0) | (isAsNamed ? IS_AS_NAMED : 0);
}

export function decodeFlags(flags: number): ObjectFlags {
  return {
    isFile: (flags & IS_FILE) !== 0,
    isNewer: (flags & IS_NEWER) !== 0,
    isAsNamed: (flags & IS_AS_NAMED) !== 0,
    condition: CONDITIONS[flags >>> CONDITION_SHIFT],
  };
}
