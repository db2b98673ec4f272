import type { Area } from "./place.ts";

/** A failing system call: the Nth of its name in the thread that does the work. */
export interface Fault {
  readonly call: string;
  /** In the syntax of `strace -e inject=`: `error=EIO`, `retval=0`. */
  readonly what: string;
  readonly ordinal: number;
  /** Whether the next call of this name fails as well: btdt makes some calls a second time before it gives up. */
  readonly isRepeated: boolean;
  readonly area: Area;
}

export function describeFault({ call, what, ordinal, isRepeated, area }: Fault): string {
  return `${call} ${ordinal}${isRepeated ? " and the next one" : ""} (${area}) ${what}`;
}

const CANNOT_CREATE = ["ENOSPC", "EDQUOT", "EIO", "EACCES"].map(asError);
const CANNOT_ANSWER = ["EIO", "EACCES", "ESTALE"].map(asError);
/** Returns that nothing was written, or listed. */
export const NOTHING = "retval=0";

/**
 * What network, FUSE and older file systems answer to any call, whether it makes sense or not. ENOTSUP is the same
 * number as EOPNOTSUPP.
 */
const UNUSUAL = ["EIO", "ESTALE", "ENOLCK", "EOPNOTSUPP", "EPERM", "EXDEV"].map(asError);

/**
 * What each call can fail with, besides `UNUSUAL`. A call that is not listed here does not affect files in a way that
 * can fail by itself; the matrix reports calls that it does not know.
 */
const FAILURES: ReadonlyMap<string, readonly string[]> = new Map([
  ["open", ["EIO", "EACCES", "EMFILE", "ESTALE", "ENOSPC", "EINTR"].map(asError)],
  ["openat", ["EIO", "EACCES", "EMFILE", "ESTALE", "ENOSPC", "EINTR"].map(asError)],
  // A file that ends too early is damage, not a failure.
  ["read", ["EIO", "ESTALE", "EINTR"].map(asError)],
  ["pread64", ["EIO", "ESTALE", "EINTR"].map(asError)],
  ["write", [...["ENOSPC", "EIO", "EDQUOT", "EINTR"].map(asError), NOTHING]],
  ["pwrite64", [...["ENOSPC", "EIO", "EDQUOT", "EINTR"].map(asError), NOTHING]],
  ["copy_file_range", [...["ENOSPC", "EIO", "EDQUOT", "EXDEV"].map(asError), NOTHING]],
  ["fsync", ["EIO", "ENOSPC", "EDQUOT", "EINTR"].map(asError)],
  ["fdatasync", ["EIO", "ENOSPC"].map(asError)],
  ["syncfs", ["EIO", "ENOSPC"].map(asError)],
  ["close", ["EDQUOT", "EIO", "ENOSPC"].map(asError)],
  ["rename", CANNOT_CREATE],
  ["renameat", CANNOT_CREATE],
  ["renameat2", CANNOT_CREATE],
  ["link", [...CANNOT_CREATE, "error=EMLINK", "error=EPERM"]],
  ["linkat", [...CANNOT_CREATE, "error=EMLINK", "error=EPERM"]],
  ["symlink", CANNOT_CREATE],
  ["symlinkat", CANNOT_CREATE],
  ["mkdir", CANNOT_CREATE],
  ["mkdirat", CANNOT_CREATE],
  ["unlink", [...CANNOT_ANSWER, "error=EBUSY"]],
  ["unlinkat", [...CANNOT_ANSWER, "error=EBUSY"]],
  ["rmdir", [...CANNOT_ANSWER, "error=EBUSY"]],
  ["utimensat", ["EIO", "EACCES", "EPERM", "EINTR"].map(asError)],
  ["chmod", ["EIO", "EPERM", "ESTALE"].map(asError)],
  ["fchmod", ["EIO", "EPERM", "ESTALE"].map(asError)],
  ["fchmodat", ["EIO", "EPERM", "ESTALE"].map(asError)],
  ["ftruncate", ["EIO", "ENOSPC"].map(asError)],
  ["fallocate", ["EIO", "ENOSPC", "EOPNOTSUPP"].map(asError)],
  ["stat", CANNOT_ANSWER],
  ["lstat", CANNOT_ANSWER],
  ["fstat", CANNOT_ANSWER],
  ["statx", CANNOT_ANSWER],
  ["newfstatat", CANNOT_ANSWER],
  ["flistxattr", ["EIO", "ENOMEM", "EOPNOTSUPP", "ESTALE"].map(asError)],
  ["llistxattr", ["EIO", "EACCES", "ENOMEM", "EOPNOTSUPP", "ESTALE"].map(asError)],
  ["statfs", CANNOT_ANSWER],
  ["fstatfs", CANNOT_ANSWER],
  ["readlink", CANNOT_ANSWER],
  ["readlinkat", CANNOT_ANSWER],
  ["access", CANNOT_ANSWER],
  ["faccessat", CANNOT_ANSWER],
  ["faccessat2", CANNOT_ANSWER],
  ["getdents64", [...CANNOT_ANSWER, NOTHING]],
  ["flock", ["ENOLCK", "EINTR", "EAGAIN"].map(asError)],
  ["fcntl", ["EAGAIN", "EACCES"].map(asError)],
  ["readahead", [asError("EINVAL")]],
  ["ioctl", ["EIO", "EOPNOTSUPP", "EXDEV"].map(asError)],
]);

/** They only tell the position, or their failure is up to the engine. */
const HARMLESS = new Set(["execve", "getcwd", "chdir", "lseek", "mmap", "fadvise64", "dup", "epoll_ctl"]);

function asError(errno: string): string {
  return `error=${errno}`;
}

/**
 * An empty listing of the cache may be stale; a source contains what its listing says.
 * @throws if it is unknown what this call can fail with
 */
export function failuresOf(call: string, area: Area): readonly string[] {
  const failures = FAILURES.get(call);
  if (failures === undefined && !HARMLESS.has(call)) throw new Error(`no failures are listed for ${call}`);
  if (failures === undefined) return [];
  const isHonestListing = call === "getdents64" && area !== "cache";
  return [...new Set([...failures, ...UNUSUAL])].filter((what) => !isHonestListing || what !== NOTHING);
}
