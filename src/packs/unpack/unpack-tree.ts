import { closeSync, constants, openSync, readSync } from "node:fs";
import { type ByteString, fsPath } from "../../base/byte-string.ts";
import type { CacheDirectory } from "../../cache/cache-directory.ts";
import { errnoOf } from "../../fs/errno.ts";
import { setAttributes } from "../../fs/file-attributes.ts";
import { PathBuffer } from "../../fs/native/path-buffer.ts";
import { attributesOfFile } from "../../manifest/attributes-of-file.ts";
import { at, type Manifest } from "../../manifest/manifest.ts";
import { adoptWrittenFile } from "../../objects/adopt-written-file.ts";
import { isLinkable } from "../../objects/object-attributes.ts";
import type { Runners } from "../../work/job.ts";
import { runAllSharing } from "../../work/run-all.ts";
import type { PackContents } from "../contents/pack-contents.ts";
import { packFilePath } from "../contents/pack-directory.ts";
import { isPackHeader } from "../format/index-codec.ts";
import { PACK_HEADER_BYTES } from "../format/pack-index.ts";
import { type UnpackedBlocks, unpackBlocksJob } from "./unpack-blocks.ts";
import { itemAt, type UnpackItems } from "./unpack-items.ts";
import type { UnpackPart, UnpackPlan } from "./unpack-plan.ts";

/** The packs that an entry's contents come from, and which of its files they are to bring. */
export interface PackedFilesOfEntry {
  readonly packs: OpenPacks;
  /** Zero for each file whose content does not come from a pack; see `findPackedContents`. */
  readonly contentOfFile: Int32Array;
}

/**
 * The packs of a cache, held open: a clean that removes one meanwhile does not matter any more. To be closed when
 * nothing reads from them.
 */
export class OpenPacks {
  readonly contents: PackContents;
  readonly #descriptors: readonly (number | undefined)[];
  /** Files that are not the packs of their indexes. */
  readonly #foreign = new Set<number>();

  private constructor(contents: PackContents, descriptors: readonly (number | undefined)[]) {
    this.contents = contents;
    this.#descriptors = descriptors;
  }

  /** Undefined when a pack has disappeared since its index was read, so that all of them are to be looked at again. */
  static open(cache: CacheDirectory, contents: PackContents): OpenPacks | undefined {
    const descriptors: (number | undefined)[] = [];
    const packs = new OpenPacks(contents, descriptors);
    for (const { name, index } of contents.packs) {
      try {
        const descriptor = openSync(
          fsPath(packFilePath(cache, name)),
          constants.O_RDONLY | constants.O_NOFOLLOW,
        );
        const header = Buffer.alloc(PACK_HEADER_BYTES);
        readSync(descriptor, header, 0, header.length, 0);
        descriptors.push(descriptor);
        if (!isPackHeader(header, index.nonce)) packs.#foreign.add(descriptors.length - 1);
      } catch (error) {
        const errno = errnoOf(error);
        if (errno === undefined) throw error;
        if (errno === "ENOENT") {
          packs.close();
          return undefined;
        }
        descriptors.push(undefined);
      }
    }
    return packs;
  }

  /** Undefined for one that cannot be read. */
  descriptorOf(pack: number): number | undefined {
    return this.#foreign.has(pack) ? undefined : this.#descriptors[pack];
  }

  /** Whether a pack that cannot be read is damaged for everybody, and not just out of reach. */
  isForeign(pack: number): boolean {
    return this.#foreign.has(pack);
  }

  close(): void {
    for (const descriptor of this.#descriptors) if (descriptor !== undefined) closeSync(descriptor);
  }
}

export interface UnpackTreeOptions {
  readonly manifest: Manifest;
  readonly packs: OpenPacks;
  /** Where the tree is built; its directories are there. */
  readonly staging: ByteString;
  readonly umask: number;
  /** The objects' directory when what is written is to be an object as well. */
  readonly adoptInto: ByteString | undefined;
  readonly ownInode: Uint8Array;
  readonly damageFlag: Int32Array;
}

/**
 * Writes the wanted files of an entry from packs; each block is read once, in the order in which they lie.
 * @throws BtdtError, a `node:fs` error; both mean that the destination cannot be written
 */
export async function unpackTree(
  plan: UnpackPlan,
  options: UnpackTreeOptions,
  runners: Runners,
): Promise<UnpackedBlocks> {
  const { manifest, packs, staging, umask, adoptInto, ownInode, damageFlag } = options;
  const path = new PathBuffer();
  for (const file of plan.largeFiles) {
    path.set(pathOf(staging, manifest, file));
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
    closeSync(openSync(fsPath(path.toBytes()), flags, 0o600));
  }
  const readable = plan.parts.filter(({ pack }) => packs.descriptorOf(pack) !== undefined);
  const unreadable = plan.parts.filter(({ pack }) => packs.descriptorOf(pack) === undefined);
  if (unreadable.length > 0) Atomics.store(damageFlag, 0, 1);
  const descriptors = packs.contents.packs.map((_, pack) => packs.descriptorOf(pack) ?? -1);
  const shared = {
    payload: manifest.payload,
    items: plan.items,
    descriptors,
    staging,
    umask,
    adoptInto,
    ownInode,
    damageFlag,
  };
  const runner = plan.parts.length > 1 ? runners.pool : runners.inline;
  const results = await runAllSharing(runner, unpackBlocksJob, shared, readable);
  const damagedFiles = [
    ...results.flatMap((result) => result.damagedFiles),
    ...unreadable.flatMap((part) => filesOf(part, plan.items)),
  ];
  // Whoever found damage: it keeps chunks from being written, and what lacks them must not become an object.
  if (Atomics.load(damageFlag, 0) === 0) {
    for (const file of plan.largeFiles) {
      path.set(pathOf(staging, manifest, file));
      setAttributes(path, attributesOfFile(manifest, file));
      const isAdopted = adoptInto !== undefined && ownInode[file] === 0 && isLinkable(manifest, file);
      if (isAdopted) adoptWrittenFile(adoptInto, manifest, file, path);
    }
  }
  return {
    fileCount: results.reduce((sum, { fileCount }) => sum + fileCount, plan.largeFiles.length),
    contentBytes: results.reduce((sum, { contentBytes }) => sum + contentBytes, 0),
    damagedFiles: [...new Set(damagedFiles)],
    damagedBlocks: [
      ...results.flatMap((result) => result.damagedBlocks),
      ...unreadable
        .filter(({ pack }) => packs.isForeign(pack))
        .flatMap(({ pack, blocks }) => blocks.map(({ block }) => ({ pack, block }))),
    ],
  };
}

function filesOf({ firstPlace, endPlace }: UnpackPart, items: UnpackItems): number[] {
  const files: number[] = [];
  for (let place = firstPlace; place < endPlace; place++) files.push(at(items.files, itemAt(items, place)));
  return files;
}

function pathOf(staging: ByteString, manifest: Manifest, file: number): ByteString {
  return (manifest.counts.isSingleFile ? staging : `${staging}/${manifest.filePath(file)}`) as ByteString;
}
