import type { ByteString } from "../base/byte-string.ts";
import { collectGarbage } from "../base/collect-garbage.ts";
import type { Session } from "../cache/session.ts";
import type { Suspects } from "../durability/suspects.ts";
import { markUnflushed, type UnflushedMark } from "../durability/unflushed-marks.ts";
import type { StoredTree } from "../key/key-record.ts";
import { extendManifest } from "../manifest/extend-manifest.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { reuseObjectTimes, timesOf } from "../objects/reuse-object-times.ts";
import { AttributedFiles } from "../read/attributed-files.ts";
import { hashOnly } from "../read/digester.ts";
import { Sharing } from "../sharing/classify-files.ts";
import type { Runtime } from "../work/runtime.ts";
import { type AnnouncedManifest, announceManifest } from "./announce-manifest.ts";
import { assertNotCancelled } from "./assert-not-cancelled.ts";
import { classifySource } from "./classify-source.ts";
import { describeSkipped } from "./describe-skipped.ts";
import { describeTree } from "./describe-tree.ts";
import { keepAsObjects, type TreeToKeep } from "./keep-as-objects.ts";
import type { PackedSource, TreePacker } from "./keep-in-packs.ts";
import { createBaseFinder } from "./nearest-base.ts";
import { readRepeatedly } from "./read-repeatedly.ts";
import { readSource } from "./read-source.ts";
import type { KeptFiles, StoreRequest } from "./request.ts";
import type { Source } from "./sources.ts";

type Request = Omit<StoreRequest, "sources" | "excludePatterns">;

interface Store {
  readonly session: Session;
  readonly suspects: Suspects | undefined;
  readonly runtime: Runtime;
}

interface KeptTree {
  readonly announced: AnnouncedManifest;
  readonly manifest: Manifest;
}

/**
 * Reads the sources of a store one after another, announces their manifests, and keeps their contents. Nothing is
 * published yet, and contents in packs are complete only after `TreePacker.complete`.
 */
export class SourceKeeper {
  /** Marks of the manifests whose objects have been made. */
  readonly marks: UnflushedMark[] = [];
  readonly kept: KeptFiles[] = [];
  readonly packed: PackedSource[] = [];
  /** By digest. */
  readonly manifestFiles = new Map<string, Uint8Array>();
  readonly #request: Request;
  readonly #store: Store;

  constructor(request: Request, store: Store) {
    this.#request = request;
    this.#store = store;
  }

  /** @param packer undefined to make objects @throws BtdtError */
  async keep(source: Source, packer: TreePacker | undefined): Promise<StoredTree> {
    const { result, skipped } = await readRepeatedly(this.#request.skip, (paths) =>
      this.#keepOnce(source, packer, paths),
    );
    const { announced, manifest } = result;
    this.manifestFiles.set(announced.digest, announced.file);
    for (const sentence of describeSkipped(source.name ?? source.path, skipped)) {
      this.#store.runtime.onWarning(sentence);
    }
    return describeTree(source, announced.digest, manifest, skipped.length);
  }

  async #keepOnce(
    source: Source,
    packer: TreePacker | undefined,
    skipped: ReadonlySet<ByteString>,
  ): Promise<KeptTree> {
    const { cache, keys, ignoreMtime } = this.#request;
    const { session, runtime } = this.#store;
    const isPacked = packer !== undefined;
    runtime.progress.begin({ name: isPacked ? "packing" : "reading", unit: "bytes" });
    const classify = (manifest: Manifest): Uint8Array => classifySource(this.#request, source, manifest);
    packer?.startSource(source.path);
    const attributed = isPacked ? undefined : new AttributedFiles();
    const findBase = isPacked ? createBaseFinder(cache, keys, source.recordedPath) : () => undefined;
    // Threads hash the files while this one waits for the volume. Elsewhere, a base would only take memory by then.
    const onWalked = (): void => {
      if (runtime.runners.pool.isVolumeSlow) findBase();
    };
    const reading = { digester: packer?.digester ?? hashOnly, skipped, classify, attributed, onWalked };
    const read = await readSource(cache, source, reading, runtime);
    assertNotCancelled(runtime);
    const sharing = isPacked ? undefined : classify(read);
    const usesExclusiveObjects = sharing?.includes(Sharing.EXCLUSIVE) ?? false;
    const manifest = extendManifest(read, { usesExclusiveObjects });
    const sourceTimes = ignoreMtime ? reuseObjectTimes(manifest, cache.objects) : timesOf(manifest);
    const announced = await announceManifest(cache, session, findBase, manifest, runtime.isCancelled);
    collectGarbage(manifest.counts.fileCount);
    if (sharing === undefined) this.packed.push({ source: source.path, manifest });
    else {
      const flags = attributed?.flag(manifest.counts.fileCount);
      const tree = { path: source.path, manifest, sourceTimes, sharing, attributed: flags };
      await this.#keepObjects(tree, announced);
    }
    assertNotCancelled(runtime);
    return { announced, manifest };
  }

  async #keepObjects(tree: Omit<TreeToKeep, "suspects">, { digest }: AnnouncedManifest): Promise<void> {
    const { session, suspects, runtime } = this.#store;
    this.marks.push(markUnflushed(this.#request.cache, session, digest, session.intentPath(digest)));
    const flagged = { ...tree, suspects: suspects?.flagFiles(tree.manifest) };
    this.kept.push(await keepAsObjects(this.#request, flagged, session, runtime));
  }
}
