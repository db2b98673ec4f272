import type { Manifest } from "../manifest/manifest.ts";
import type { StoredObject } from "../objects/list-objects.ts";

export interface StoredManifest {
  readonly kind: "manifest";
  /** The digest, 64 hexadecimal digits. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly allocatedBytes: number;
  /** When it was last needed, by the file system's clock. */
  readonly changedMs: number;
}

export type StoredFile = ({ readonly kind: "object" } & StoredObject) | StoredManifest;

/** The columns of a manifest that the names of its objects are made of. */
export type ContentColumns = Pick<
  Manifest,
  "fileDigests" | "fileModes" | "fileMtimeSeconds" | "fileMtimeNanoseconds"
>;
