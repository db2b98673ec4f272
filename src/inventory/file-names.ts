import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { DIGEST_SIZE_BYTES } from "../base/digest.ts";
import { formatObjectName } from "../objects/object-name.ts";
import { readAttributes } from "./file-id.ts";
import { DIGEST_WORDS, type NamedContent, type NameKind, wordOf } from "./named-content.ts";

/** The names of manifests, of which there are few, and if they are kept, those of objects: 32 bytes for each. */
export class FileNames {
  private readonly manifests = new Map<number, string>();
  /** The complete ones, of all files; the rest of a name follows from the id. */
  private digests: Int32Array<ArrayBuffer> | undefined;

  get hasObjects(): boolean {
    return this.digests !== undefined;
  }

  keepObjects(): void {
    this.digests ??= new Int32Array(0);
  }

  reserve(capacity: number): void {
    if (this.digests === undefined) return;
    this.digests = new Int32Array(this.digests.buffer.transfer(capacity * DIGEST_SIZE_BYTES));
  }

  add(file: number, content: NamedContent, kind: NameKind): void {
    const { digests } = this;
    if (kind === "manifest") this.manifests.set(file, hexOf(content));
    else if (digests !== undefined) {
      for (let word = 0; word < DIGEST_WORDS; word++)
        digests[file * DIGEST_WORDS + word] = wordOf(content, word);
    }
  }

  /**
   * @param ids words, of which the file's id starts at `first`
   * @throws RangeError if it is an object, and names of objects are not kept
   */
  nameOf(file: number, kind: NameKind, ids: Int32Array, first: number): string {
    const manifest = this.manifests.get(file);
    if (manifest !== undefined) return manifest;
    if (this.digests === undefined) throw new RangeError("names of objects are not kept");
    const digest = { digests: this.digests, firstWord: file * DIGEST_WORDS };
    return formatObjectName({
      digestHex: hexOf(digest),
      ...readAttributes(ids, first, digest),
      isExclusive: kind === "exclusive",
    });
  }
}

function hexOf({ digests, firstWord }: Pick<NamedContent, "digests" | "firstWord">): string {
  const { buffer, byteOffset } = digests;
  return Buffer.from(buffer, byteOffset + firstWord * 4, DIGEST_SIZE_BYTES).toString("hex");
}

compileMethodsLightly(FileNames);
