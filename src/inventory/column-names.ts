import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { at } from "../manifest/manifest.ts";
import { PERMISSIONS } from "../objects/object-attributes.ts";
import { DIGEST_WORDS, emptyName, type NamedContent, wordsOf } from "./named-content.ts";
import type { ContentColumns } from "./stored-file.ts";

/** Names the objects of manifests' files, without an object for each. */
export class ColumnNames {
  /** Of the manifest that `nameOf` was called for last. */
  private digests: Uint8Array | undefined;
  private readonly name = emptyName();

  /** Valid until the next call. */
  nameOf(manifest: ContentColumns, file: number): Readonly<NamedContent> {
    const { name } = this;
    if (this.digests !== manifest.fileDigests) {
      this.digests = manifest.fileDigests;
      name.digests = wordsOf(manifest.fileDigests);
    }
    name.firstWord = file * DIGEST_WORDS;
    name.permissions = at(manifest.fileModes, file) & PERMISSIONS;
    name.mtimeSeconds = at(manifest.fileMtimeSeconds, file);
    name.mtimeNanoseconds = at(manifest.fileMtimeNanoseconds, file);
    return name;
  }
}

compileMethodsLightly(ColumnNames);
