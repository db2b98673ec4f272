import type { ByteString } from "../base/byte-string.ts";
import type { CacheDirectory } from "../cache/cache-directory.ts";
import type { Session } from "../cache/session.ts";
import type { UnflushedMark } from "../durability/unflushed-marks.ts";
import type { LinkMode } from "../fs/link-mode.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { RemotePacks } from "../packs/unpack/remote-packs.ts";
import type { Runners } from "../work/job.ts";
import type { Runtime } from "../work/runtime.ts";
import type { Destination } from "./destination.ts";

/** What is restored where, from which cache, and how. */
export interface Target {
  readonly cache: CacheDirectory;
  readonly manifest: Manifest;
  /** The manifest's. */
  readonly digest: string;
  /** The manifest's unflushed marks. */
  readonly marks: readonly UnflushedMark[];
  /** Undefined if the cache is read-only. */
  readonly session: Session | undefined;
  /** The name of the tree for the user; empty if the entry has only one. */
  readonly name: ByteString;
  /** What the entry records; undefined if nothing. */
  readonly recordedPath: string | undefined;
  readonly destination: Destination;
  /** Packs that the cache directory does not have; undefined if it is all there is. */
  readonly remote: RemotePacks | undefined;
  /** Remove whatever is not in the entry. */
  readonly exact: boolean;
  readonly links: LinkSource;
}

/** Where files are linked from, and which may be linked: plain data, which can be sent to threads. */
export interface LinkSource {
  readonly objects: ByteString;
  /** The session's directory, where an object is copied; undefined if the cache is read-only. */
  readonly temporary: ByteString | undefined;
  readonly mode: LinkMode;
  /** Hash every file that is restored, linked ones too. */
  readonly isVerified: boolean;
  /** Copy what others could write to after it was hashed, instead of linking to it. */
  readonly linksOnlyOwn: boolean;
  /** See `classifyFiles`. */
  readonly sharing: Uint8Array;
  /** 1 for each file whose object must be hashed before it is trusted; undefined if none must. */
  readonly suspects: Uint8Array | undefined;
}

/** 1 for each directory, file and symlink of an entry that the destination already has and keeps. */
export interface Unchanged {
  readonly directories: Uint8Array;
  readonly files: Uint8Array;
  readonly symlinks: Uint8Array;
}

/** What builds a tree. */
export interface BuildRuntime extends Runtime {
  /** For jobs that work only where the tree is built. */
  readonly siteRunners: Runners;
}

/** Where a tree is built aside. */
export interface Site {
  /** An empty directory for a tree; a path that does not exist for a single file. */
  readonly path: ByteString;
  /** What need not be built; undefined if the whole tree is wanted. */
  readonly unchanged: Unchanged | undefined;
}
