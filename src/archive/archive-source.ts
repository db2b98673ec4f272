import { accessSync, constants, fstatSync, statSync } from "node:fs";
import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { errnoOf, reasonOf } from "../fs/errno.ts";

/** Where an archive comes from: the path of a file or named pipe, or this process's standard input. */
export type ArchiveSource = { readonly kind: "path"; readonly path: string } | { readonly kind: "stdin" };

export interface FoundArchive {
  readonly source: ArchiveSource;
  /** Unknown for a pipe. */
  readonly sizeBytes: number | undefined;
}

/** Stands for standard input, as in most tools. A file of this name is `./-`. */
const STDIN_NAME = "-";

/**
 * Looks for an archive without opening it, since opening a pipe may block.
 * @throws BtdtError SOURCE_MISSING, SOURCE_UNREADABLE, SOURCE_UNSUPPORTED
 */
export function findArchive(archive: string): FoundArchive {
  const isStdin = archive === STDIN_NAME;
  const name = isStdin ? "standard input" : escapeControls(archive);
  try {
    // Symlinks are followed.
    if (!isStdin) accessSync(archive, constants.R_OK);
    const status = isStdin ? fstatSync(0) : statSync(archive);
    const source: ArchiveSource = isStdin ? { kind: "stdin" } : { kind: "path", path: archive };
    if (status.isFile()) return { source, sizeBytes: status.size };
    if (status.isFIFO() || status.isSocket()) return { source, sizeBytes: undefined };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    const isMissing = errno === "ENOENT" || errno === "ENOTDIR" || errno === "EBADF";
    throw new BtdtError(
      isMissing ? "SOURCE_MISSING" : "SOURCE_UNREADABLE",
      isMissing
        ? `cannot import ${name}: no such file or directory`
        : `cannot read ${name}: ${reasonOf(error)}`,
      { path: name },
    );
  }
  throw new BtdtError("SOURCE_UNSUPPORTED", `${name} is neither a file nor a pipe`, {
    path: name,
    hint: "give a tar, tar.gz, tar.zst or zip file, or send a tar, compressed or not, through a pipe",
  });
}
