import { type ByteString, display } from "../base/byte-string.ts";
import { BtdtError, type ErrorCode } from "../base/errors.ts";
import { errnoOf, isDiskFullErrno, reasonOf } from "../fs/errno.ts";
import { explainDenial } from "./explain-denial.ts";

export function newerFormat(path: ByteString, what: string): BtdtError {
  return new BtdtError(
    "CACHE_FORMAT_NEWER",
    `the cache ${display(path)} was written by a newer btdt (${what})`,
    {
      path: display(path),
      hint: "use that version of btdt, or another cache directory; nothing was changed",
    },
  );
}

export function notADirectory(path: ByteString): BtdtError {
  return new BtdtError("CACHE_NOT_A_DIRECTORY", `the cache ${display(path)} is not a directory`, {
    path: display(path),
    hint: "pass --cache a directory",
  });
}

/** Something foreign has a name of btdt's below the cache directory. */
export function foreignFile(path: ByteString, what: string, root: ByteString): BtdtError {
  return new BtdtError("CACHE_NOT_ACCESSIBLE", `${display(path)} ${what}`, {
    path: display(path),
    hint: `if this is a btdt cache, delete ${display(root)} and let it fill up again`,
  });
}

/** @param line what the file has to contain */
export function formatMissing(path: ByteString, line: string, root: ByteString): BtdtError {
  return new BtdtError("CACHE_NOT_ACCESSIBLE", `${display(path)} is missing, although the cache has keys`, {
    path: display(path),
    hint: `put it back: echo '${line}' > ${display(path)}, or delete ${display(root)} and let it fill up again`,
  });
}

/** For any failure to open a cache. */
export function cacheOpenError(path: ByteString, error: unknown): BtdtError {
  if (error instanceof BtdtError) return error;
  if (errnoOf(error) === "ENOENT") {
    return new BtdtError("CACHE_MISSING", `the cache directory ${display(path)} does not exist`, {
      path: display(path),
      hint: `is its volume mounted? to create a new cache: mkdir -p ${display(path)}, or --create-cache`,
    });
  }
  if (errnoOf(error) === "ENOTDIR") return notADirectory(path);
  return cacheError("CACHE_NOT_ACCESSIBLE", "open", path, error);
}

/** Nothing that is opened read-only should try to write: this is the last guard. */
export function readOnlyError({ path }: { readonly path: ByteString }): BtdtError {
  return new BtdtError("CACHE_WRITE_FAILED", `the cache ${display(path)} is opened read-only`, {
    path: display(path),
  });
}

/** For any failure to write below the cache's root. */
export function cacheWriteError(cache: { readonly path: ByteString }, error: unknown): BtdtError {
  if (error instanceof BtdtError) return error;
  return cacheError("CACHE_WRITE_FAILED", "write to", cache.path, error);
}

/** @param verb completes "cannot … the cache" */
export function cacheError(code: ErrorCode, verb: string, path: ByteString, error: unknown): BtdtError {
  const denial = explainDenial(path, error);
  const why = denial === undefined ? "" : `: ${denial.sentence}`;
  const full = "free space with btdt clean --max-size, or enlarge the volume";
  const hint = denial?.hint ?? (isDiskFullErrno(errnoOf(error)) ? full : undefined);
  return new BtdtError(code, `cannot ${verb} the cache ${display(path)}: ${reasonOf(error)}${why}`, {
    path: display(path),
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}
