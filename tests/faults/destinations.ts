import { existsSync, readdirSync } from "node:fs";
import { differences, type Snapshot, snapshotTree } from "../support/compare-trees.ts";

const STAGING_NAME = /^\.btdt-restore-/;

/** What a restore has built aside but not removed. */
export function findStaging(directory: string): string[] {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return names.filter((name) => STAGING_NAME.test(name)).map((name) => `${name} was left in ${directory}`);
}

/** A destination that did not exist has the whole tree, or still does not exist. */
export function checkNewDestination(path: string, expected: Snapshot, isRestored: boolean): string[] {
  if (isRestored) {
    return existsSync(path) ? differences(expected, snapshotTree(path)) : ["the destination does not exist"];
  }
  return existsSync(path) ? ["nothing was restored, but the destination exists"] : [];
}

/**
 * An existing directory has each file of the entry either as before or as it should be, and no directory was left
 * inaccessible.
 */
export function checkExistingDestination(
  path: string,
  before: Snapshot,
  expected: Snapshot,
  isRestored: boolean,
): string[] {
  const now = new Map([...snapshotTree(path)].filter(([name]) => !STAGING_NAME.test(name)));
  if (isRestored) return differences(expected, now);
  return [...new Set([...before.keys(), ...expected.keys()])].flatMap((name) => {
    const found = withoutDirectoryTime(now.get(name));
    const allowed = [before.get(name), expected.get(name)].map(withoutDirectoryTime);
    return allowed.includes(found) ? [] : [`${name}: ${found}, neither ${allowed.join(" nor ")}`];
  });
}

/** Any change in a directory changes its time. */
function withoutDirectoryTime(description: string | undefined): string | undefined {
  return description?.startsWith("directory") === true ? description.replace(/ mtime .*/, "") : description;
}
