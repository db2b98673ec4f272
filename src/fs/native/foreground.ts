import { dlopen } from "bun:ffi";
import { closeSync, openSync } from "node:fs";
import { errnoOf } from "../errno.ts";
import { IS_LINUX } from "./is-linux.ts";

/**
 * Whether this process is in the foreground of its terminal. If so, Ctrl-C and Ctrl-\ there reach every process in
 * its group, whatever their standard streams are.
 */
export function isInForeground(): boolean {
  let terminal: number;
  try {
    terminal = openSync("/dev/tty", "r");
  } catch (error) {
    // ENXIO and the like: there is no terminal.
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
  try {
    const { symbols } = dlopen(IS_LINUX ? "libc.so.6" : "libSystem.B.dylib", {
      getpgrp: { args: [], returns: "i32" },
      tcgetpgrp: { args: ["i32"], returns: "i32" },
    });
    return symbols.tcgetpgrp(terminal) === symbols.getpgrp();
  } finally {
    closeSync(terminal);
  }
}
