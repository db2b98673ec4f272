/**
 * A cache as `docs/concurrency.md` knows it: names, and what they stand for. Each method is one step that no other can
 * interrupt.
 */

/** A file of a tree; a large one has the list of its chunks. */
export interface ModelFile {
  readonly name: string;
  readonly chunks?: readonly string[];
}

export interface ModelTree {
  readonly manifest: string;
  readonly files: readonly ModelFile[];
}

/** A file of the link store. Other names, in restored trees, may stand for the same one. */
export interface ModelObject {
  /** When it was edited through a link; undefined while it is whole. */
  editedAt: number | undefined;
  /** The process that may give its name to another file, or remove it. */
  claimant?: string | undefined;
}

export interface ModelPack {
  readonly contents: ReadonlySet<string>;
  /** By the names of large files. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/** What a key names; another store's is another one, even of the same tree. */
export interface ModelRecord {
  readonly tree: ModelTree;
  /** Files of it were edited after the store had counted on them: to lose the entry is the edit's doing. */
  readonly storer: Storer;
}

/** What a store has counted on so far. */
export interface Storer {
  readonly confirmed: Set<string>;
  isExcused: boolean;
}

/** What a clean has counted, for the next one. */
export interface ModelLedger {
  /** By their manifests. */
  readonly entries: ReadonlySet<string>;
  /** How many of them need each object. */
  readonly counts: ReadonlyMap<string, number>;
}

export interface ModelSession {
  isAlive: boolean;
  readonly intents: Map<string, ModelTree>;
}

export class ModelCache {
  readonly keys = new Map<string, ModelRecord>();
  readonly manifests = new Map<string, ModelTree>();
  readonly objects = new Map<string, ModelObject>();
  readonly packs = new Map<string, ModelPack>();
  readonly sessions = new Map<string, ModelSession>();
  ledger: ModelLedger | undefined;
  readonly storers: Storer[] = [];
  /** What processes have claimed, whether it still has its name or not. */
  readonly claims = new Map<string, ModelObject>();
  exclusive: string | undefined;
  readonly shared = new Set<string>();
  now = 0;
  readonly violations: string[] = [];
  #names = 0;

  /** A name that nothing has. */
  freshName(): string {
    this.#names += 1;
    return `pack ${this.#names}`;
  }

  openSession(process: string): ModelSession {
    const session: ModelSession = { isAlive: true, intents: new Map() };
    this.sessions.set(process, session);
    return session;
  }

  /** What the kernel does when a process ends, and nothing else. */
  kill(process: string): void {
    if (this.exclusive === process) this.exclusive = undefined;
    this.shared.delete(process);
    const session = this.sessions.get(process);
    if (session !== undefined) session.isAlive = false;
    this.release(process);
  }

  claim(process: string, object: ModelObject): void {
    object.claimant = process;
    this.claims.set(process, object);
  }

  release(process: string): void {
    const claimed = this.claims.get(process);
    if (claimed !== undefined) claimed.claimant = undefined;
    this.claims.delete(process);
  }

  /** A tool writes to a restored file that is a link to an object. */
  edit(name: string): void {
    const object = this.objects.get(name);
    if (object === undefined) return;
    object.editedAt = this.now;
    this.#excuse(name);
  }

  #excuse(name: string): void {
    for (const storer of this.storers) if (storer.confirmed.has(name)) storer.isExcused = true;
  }

  /** Whether a restore could bring a tree back now. */
  isComplete({ manifest, files }: ModelTree): boolean {
    const packs = [...this.packs.values()];
    const isThere = (file: ModelFile): boolean =>
      isWhole(this.objects.get(file.name)) || isPacked(packs, file);
    return this.manifests.has(manifest) && files.every(isThere);
  }
}

export function isWhole(object: ModelObject | undefined): boolean {
  return object !== undefined && object.editedAt === undefined;
}

/** Whether some packs together have all of a file, of a large one its list of chunks, too. */
export function isPacked(packs: readonly ModelPack[], { name, chunks }: ModelFile): boolean {
  const has = (content: string): boolean => packs.some(({ contents }) => contents.has(content));
  if (chunks === undefined) return has(name);
  return packs.some(({ lists }) => lists.has(name)) && chunks.every(has);
}
