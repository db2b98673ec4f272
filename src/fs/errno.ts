import { BtdtError } from "../base/errors.ts";

/** The `code` of a `node:fs` error, such as `ENOENT`; undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof BtdtError || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

const SENTENCES: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is exceeded",
  ENOENT: "no such file or directory",
  ENOTDIR: "a component of the path is not a directory",
  EISDIR: "it is a directory",
  EFTYPE: "it is not a regular file",
  ELOOP: "too many levels of symbolic links",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many open files",
  ENFILE: "too many open files in the system",
  ENOMEM: "out of memory",
  EIO: "input/output error",
  ESTALE: "stale file handle",
  ENOTCONN: "the volume's driver has ended; it must be mounted again",
  ECONNABORTED: "the volume's driver has ended; it must be mounted again",
  EBUSY: "it is in use",
  EEXIST: "it exists already",
  ENOTEMPTY: "the directory is not empty",
  EXDEV: "it is on another file system",
  ENOLCK: "no locks are available",
  EFBIG: "the file is too large",
  EPIPE: "broken pipe",
  EAGAIN: "a resource is temporarily unavailable",
  EBADF: "the file is not open",
  EBADMSG: "the file system found damaged data",
  ECONNREFUSED: "the server refused the connection",
  ECONNRESET: "the server closed the connection",
  EDEADLK: "the lock would wait for itself",
  EHOSTUNREACH: "the server cannot be reached",
  EILSEQ: "the file system does not accept this name",
  EINTR: "interrupted by a signal",
  EINVAL: "the file system does not accept this request",
  EMLINK: "the file has too many links",
  ENETUNREACH: "the network cannot be reached",
  ENODATA: "no data",
  ENODEV: "no such device",
  ENOSYS: "this kernel does not support it",
  ENOTSUP: "the file system does not support it",
  ENXIO: "no such device, or nobody is reading",
  EOPNOTSUPP: "the file system does not support it",
  EOVERFLOW: "a value is too large for the file system",
  EPROTO: "the file system's server broke the protocol",
  EREMOTEIO: "input/output error on the server",
  ESPIPE: "it is a pipe",
  ETIMEDOUT: "the file system's server did not answer in time",
  ETXTBSY: "it is a program that is running",
};

/** What a `code` such as `EIO` means. */
export function describeErrno(errno: string): string {
  return SENTENCES[errno] ?? `the system reported ${errno}`;
}

/** Why a file operation failed, in words that complete a sentence about the operation and the path. */
export function reasonOf(error: unknown): string {
  const errno = errnoOf(error);
  if (errno !== undefined) return describeErrno(errno);
  return error instanceof Error ? error.message : String(error);
}

/** This user may not write to the cache or tree; whatever would need that is left undone. */
export function isPermissionErrno(errno: string | undefined): boolean {
  return errno === "EACCES" || errno === "EPERM" || errno === "EROFS";
}

/**
 * The file system does not let go of a file just now: something is mounted on it or, on NFS, has it open. Whatever
 * wants to remove it leaves that to the next attempt.
 */
export function isHeldErrno(errno: string | undefined): errno is "EBUSY" | "ESTALE" | "ENOTEMPTY" {
  return errno === "EBUSY" || errno === "ESTALE" || errno === "ENOTEMPTY";
}

/** This process or machine has run out of something, whatever file was asked for. */
export function isResourceErrno(errno: string | undefined): boolean {
  return errno === "EMFILE" || errno === "ENFILE" || errno === "ENOMEM" || errno === "EAGAIN";
}

export function isDiskFullErrno(errno: string | undefined): boolean {
  return errno === "ENOSPC" || errno === "EDQUOT";
}

/** Ignores file system errors that do no harm. */
export function ignoringErrno(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
