/** A file of a package, an archive or a directory. */
export interface ReleaseFile {
  /** Relative, with slashes. */
  readonly path: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}
