import { linuxLibc } from "./libc.ts";
import { isOnLocalFileSystem } from "./local-file-system.ts";

// Linux's <fcntl.h>.
const F_SETSIG = 10;
const F_SETLEASE = 1024;
const F_GETLEASE = 1025;
const F_RDLCK = 0;
const F_UNLCK = 2;
const SIGURG = 23;

/**
 * Takes a read lease (`fcntl(2)`, F_SETLEASE) on a file that is open for reading: the kernel grants it only if nobody
 * has the file open for writing, and then makes anyone who wants to write or truncate it wait until the lease is
 * released, for at most `/proc/sys/fs/lease-break-time`. There is none for other users' files, files that are being
 * written, and file systems that are not known to be local: some (FUSE) grant it, although files can change there
 * without the kernel noticing.
 */
export function takeReadLease(descriptor: number): boolean {
  if (linuxLibc === undefined || !isOnLocalFileSystem(descriptor)) return false;
  // The kernel announces a broken lease by a signal. The default, SIGIO, would end the process; this one is ignored.
  if (linuxLibc.fcntl(descriptor, F_SETSIG, SIGURG) !== 0) return false;
  return linuxLibc.fcntl(descriptor, F_SETLEASE, F_RDLCK) === 0;
}

/** Whether nobody can have written since `takeReadLease`; false as soon as somebody waits to. */
export function holdsReadLease(descriptor: number): boolean {
  return linuxLibc?.fcntl(descriptor, F_GETLEASE, 0) === F_RDLCK;
}

/** Closing the descriptor does it as well. */
export function releaseLease(descriptor: number): void {
  linuxLibc?.fcntl(descriptor, F_SETLEASE, F_UNLCK);
}
