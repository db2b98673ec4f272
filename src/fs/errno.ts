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
  EBUSY: "it is in use",
  EEXIST: "it exists already",
  ENOTEMPTY: "the directory is not empty",
  EXDEV: "it is on another file system",
  ENOLCK: "no locks are available",
  EFBIG: "the file is too large",
  EPIPE: "broken pipe",
};

/** What a `code` such as `EIO` means. */
export function describeErrno(errno: string): string {
  return SENTENCES[errno] ?? errno;
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
 * The file system does not let go of a file just now: it is mounted on, or open elsewhere on NFS. Whatever wants to
 * remove it leaves it to the next one.
 */
export function isHeldErrno(errno: string | undefined): boolean {
  return errno === "EBUSY" || errno === "ESTALE" || errno === "ENOTEMPTY";
}

/** This process or machine has run out of something, whatever file was asked for. */
export function isResourceErrno(errno: string | undefined): boolean {
  return errno === "EMFILE" || errno === "ENFILE" || errno === "ENOMEM" || errno === "EAGAIN";
}

export function isDiskFullErrno(errno: string | undefined): boolean {
  return errno === "ENOSPC" || errno === "EDQUOT";
}
