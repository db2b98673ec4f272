import { BuildError } from "../link/build-error.ts";
import type { NamedBytes } from "../link/elf-file.ts";

/** How the list starts in every busybox: names are sorted and NUL-terminated; another NUL ends the list. */
const LIST_START = "[\0[[\0";

/**
 * The commands that a busybox executable knows, as `busybox --list` prints them. They are read from its bytes,
 * because an executable for another processor cannot be run.
 */
export function readAppletNames(busybox: NamedBytes): string[] {
  const bytes = Buffer.from(busybox.bytes);
  const start = bytes.indexOf(LIST_START, 0, "latin1");
  const end = bytes.indexOf("\0\0", start, "latin1");
  const names = start < 0 || end < 0 ? [] : bytes.subarray(start, end).toString("latin1").split("\0");
  if (!names.includes("sh") || names.some((name) => !/^[a-z0-9_.[-]+$/.test(name)))
    throw new BuildError(
      "package-unavailable",
      busybox.path,
      "expected a busybox with a list of its commands",
      "busybox-static of Debian 12 is known to work",
    );
  return names;
}
