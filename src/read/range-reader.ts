import { type ByteString, joinBytes } from "../base/byte-string.ts";
import { collectGarbage } from "../base/collect-garbage.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Runner } from "../work/job.ts";
import type { AttributedFiles } from "./attributed-files.ts";
import type { Digester } from "./digester.ts";
import type { FileColumns } from "./file-columns.ts";
import { listPaths } from "./file-groups.ts";
import { type FileRange, splitRest } from "./file-range.ts";
import { fillFiles, type RangeContent } from "./fill-manifest.ts";
import type { InodeGroups } from "./inode-groups.ts";
import { describeLargeFile } from "./large-file.ts";
import { failureOf, type SourceFailure } from "./source-failure.ts";

/** What collects files that are told apart later. */
export interface FileCollectors {
  /** The files that have more than one name. */
  readonly inodes?: InodeGroups;
  /** The files that have extended attributes. */
  readonly attributed?: AttributedFiles | undefined;
}

/** Reads ranges of files while the walk continues, before there is a manifest to fill in. */
export class RangeReader {
  readonly #root: ByteString;
  readonly #digester: Digester;
  readonly #pool: Runner;
  readonly #inodes: InodeGroups | undefined;
  readonly #attributed: AttributedFiles | undefined;
  readonly #failures: SourceFailure[];
  readonly #reading: Promise<void>[] = [];
  readonly #early: RangeContent[] = [];
  #manifest: Manifest | undefined;
  // The earliest failure: it may stop jobs of earlier ranges, which then fail because they were stopped.
  #firstFailure: unknown;

  /**
   * @param failures collects what cannot be read
   */
  constructor(
    root: ByteString,
    digester: Digester,
    pool: Runner,
    { inodes, attributed }: FileCollectors,
    failures: SourceFailure[],
  ) {
    this.#root = root;
    this.#digester = digester;
    this.#pool = pool;
    this.#inodes = inodes;
    this.#attributed = attributed;
    this.#failures = failures;
  }

  /** Starts reading a range. `finish` reports failures. */
  submit(range: FileRange, runner: Runner): void {
    const reading = this.#read(range, runner);
    // Awaited by `finish`; until then, a failure must not count as unhandled.
    reading.catch((error: unknown) => {
      this.#firstFailure ??= error;
    });
    this.#reading.push(reading);
  }

  /** Fills in everything that was submitted. What cannot be read is in `failures`. @throws whatever the digester throws */
  async finish(manifest: Manifest): Promise<void> {
    this.#manifest = manifest;
    // What was copied can be freed before the rest takes as much memory a second time.
    const half = Math.floor(this.#early.length / 2);
    for (let content = this.#early.pop(); content !== undefined; content = this.#early.pop()) {
      fillFiles(manifest, content);
      if (this.#early.length === half) collectGarbage(manifest.counts.fileCount);
    }
    try {
      await Promise.all(this.#reading);
    } catch (error) {
      throw this.#firstFailure ?? error;
    }
  }

  async #read(range: FileRange, runner: Runner): Promise<void> {
    const batch = {
      root: this.#root,
      groups: range.groups,
      wantsAttributed: this.#attributed !== undefined,
    };
    const columns = await this.#digester.digestBatch(runner, batch);
    this.#inodes?.add(range.firstFile, columns.inodeRows);
    this.#attributed?.add(range.firstFile, columns.attributed);
    const rest = splitRest(range, columns.sizes.length);
    await Promise.all([
      this.#readLargeFiles(range, columns),
      ...rest.map((part) => this.#read(part, this.#pool)),
    ]);
  }

  async #readLargeFiles(range: FileRange, columns: FileColumns): Promise<void> {
    const largeDigests = new Map<number, Uint8Array>();
    const isPlain = columns.large.length === 0 && columns.failures.length === 0;
    const paths = isPlain ? [] : listPaths(range.groups);
    const pathOf = (position: number): ByteString => paths[position] ?? ("" as ByteString);
    for (const { position, code, message } of columns.failures) {
      this.#failures.push({ path: pathOf(position), code, message });
    }
    for (const position of columns.large) {
      const path = pathOf(position);
      const file = describeLargeFile(joinBytes(this.#root, path), columns, position);
      try {
        largeDigests.set(position, await this.#digester.digestLargeFile(this.#pool, file));
      } catch (error) {
        const failure = failureOf(error, path);
        if (failure === undefined) throw error;
        this.#failures.push(failure);
      }
    }
    const content = { firstFile: range.firstFile, columns, largeDigests };
    if (this.#manifest === undefined) this.#early.push(content);
    else fillFiles(this.#manifest, content);
  }
}
