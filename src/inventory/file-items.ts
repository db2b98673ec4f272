import { compileMethodsLightly } from "../base/compile-lightly.ts";
import { at } from "../manifest/manifest.ts";
import type { ItemCollector } from "./item-collector.ts";
import { type Items, NO_ITEM } from "./items.ts";
import { type ManifestOutline, type OutlinedFiles, RUN_WORDS } from "./manifest-outline.ts";

/** In place of an item: some object of the file is not listed, or not whole. */
const DOUBTFUL = -2;

interface ItemColumn {
  /** By file: its object, which is whole, NO_ITEM if it needs none, or DOUBTFUL. */
  readonly items: Int32Array;
  /** Of files with an object of each kind, the exclusive one, which is whole as well. */
  readonly twins: ReadonlyMap<number, number>;
}

const KINDS = [false, true] as const;

/**
 * Finds the objects of manifests by their outlines, and remembers those of the last few, so that files that are alike are
 * searched for once.
 */
export class FileItems {
  private readonly items: Items;
  private readonly mostKept: number;
  private readonly columns = new Map<string, ItemColumn>();

  /** @param mostKept of how many manifests they are remembered */
  constructor(items: Items, mostKept: number) {
    this.items = items;
    this.mostKept = mostKept;
  }

  /** Of the manifests whose objects are remembered. */
  get digests(): string[] {
    return [...this.columns.keys()];
  }

  /**
   * Adds the objects of a manifest to a set, file by file.
   * @returns false if one of them is not listed, or not whole; undefined if those of the earlier manifest are forgotten
   */
  collect(digest: string, outline: ManifestOutline, into: ItemCollector): boolean | undefined {
    const earlier = outline.earlier === undefined ? NONE : this.columns.get(outline.earlier);
    if (earlier === undefined) return undefined;
    const column = this.findAll(outline, earlier);
    this.columns.delete(digest);
    this.columns.set(digest, column);
    for (const oldest of this.columns.keys()) {
      if (this.columns.size <= this.mostKept) break;
      this.columns.delete(oldest);
    }
    return addColumn(column, into);
  }

  private findAll({ fileCount, runs, others }: ManifestOutline, earlier: ItemColumn): ItemColumn {
    const items = new Int32Array(fileCount);
    const twins = new Map<number, number>();
    for (let run = 0; run < runs.length; run += RUN_WORDS) {
      const [first, from, count] = [at(runs, run), at(runs, run + 1), at(runs, run + 2)];
      items.set(earlier.items.subarray(from, from + count), first);
      for (const [file, twin] of earlier.twins)
        if (file >= from && file < from + count) twins.set(file - from + first, twin);
    }
    for (let other = 0; other < others.files.length; other++) {
      const file = others.files[other] ?? 0;
      items[file] = others.fileSizes[other] === 0 ? NO_ITEM : this.find(others, other, twins);
    }
    return { items, twins };
  }

  private find(others: OutlinedFiles, other: number, twins: Map<number, number>): number {
    let found = DOUBTFUL;
    for (const isExclusive of KINDS) {
      if (isExclusive && !this.items.hasExclusiveObjects) break;
      const item = this.items.itemOfRecorded(others, other, isExclusive, NO_ITEM);
      if (item === NO_ITEM) continue;
      if (!this.items.isWhole(item, at(others.fileSizes, other))) return DOUBTFUL;
      if (found === DOUBTFUL) found = item;
      else twins.set(at(others.files, other), item);
    }
    return found;
  }
}

const NONE: ItemColumn = { items: new Int32Array(0), twins: new Map() };

function addColumn({ items, twins }: ItemColumn, into: ItemCollector): boolean {
  if (items.includes(DOUBTFUL)) return false;
  if (twins.size === 0) {
    into.addColumn(items);
    return true;
  }
  for (let file = 0; file < items.length; file++) {
    const item = at(items, file);
    const twin = twins.get(file);
    if (item !== NO_ITEM) into.add(item);
    if (twin !== undefined) into.add(twin);
  }
  return true;
}

compileMethodsLightly(FileItems);
