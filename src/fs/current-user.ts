import { dlopen, ptr } from "bun:ffi";
import { IS_LINUX } from "./native/is-linux.ts";

/** Of this process: they never change. */
export interface CurrentUser {
  /** The effective one. */
  readonly userId: number;
  /** The effective one first, and each once. */
  readonly groupIds: readonly number[];
}

/** The kernel's limit. */
const MOST_GROUPS = 65_536;

let known: CurrentUser | undefined;

export function readCurrentUser(): CurrentUser {
  known ??= askSystem();
  return known;
}

function askSystem(): CurrentUser {
  const { symbols } = dlopen(IS_LINUX ? "libc.so.6" : "libSystem.B.dylib", {
    geteuid: { args: [], returns: "u32" },
    getegid: { args: [], returns: "u32" },
    getgroups: { args: ["i32", "ptr"], returns: "i32" },
  });
  const groups = new Uint32Array(MOST_GROUPS);
  const count = Math.max(0, symbols.getgroups(MOST_GROUPS, ptr(groups)));
  const groupIds = [...new Set([symbols.getegid(), ...groups.subarray(0, count)])];
  return { userId: symbols.geteuid(), groupIds };
}

/** Whether this process may do anything to anyone's files, as far as the file system is concerned. */
export function isRoot(): boolean {
  return readCurrentUser().userId === 0;
}
