import type { ObjectState } from "../objects/examine-object.ts";
import type { KnownShards } from "../objects/object-path.ts";
import type { LinkSource, Site } from "./target.ts";

/** What all jobs that build one tree share. */
export interface TreeInput {
  readonly payload: Uint8Array;
  readonly links: LinkSource;
  readonly knownShards: KnownShards;
  readonly site: Site;
  /** Non-zero for each file that comes from a pack: only its directory is created here. */
  readonly packed: Int32Array | undefined;
  readonly areDirectoriesMade: boolean;
  /** One word, shared by all jobs of a tree: non-zero once damage was found. */
  readonly damageFlag: Int32Array;
}

/** A file that was not built, because its object needs more than its attributes put back. */
export interface UnbuiltFile {
  readonly directory: number;
  readonly file: number;
  readonly state: Exclude<ObjectState, "whole">;
}
