import type {
  ByteRange,
  FetchedObject,
  ListedObject,
  ListPage,
  ObjectStore,
  ObjectUpload,
} from "../../src/bucket/object-store.ts";

interface MemoryObject extends Pick<ListedObject, "modifiedMs" | "etag"> {
  readonly bytes: Uint8Array;
}

/** An object store in memory, with a clock that only tests move, which counts requests. */
export class MemoryStore implements ObjectStore {
  readonly address = "s3://memory/cache";
  readonly isReadOnly = false;
  readonly objects = new Map<string, MemoryObject>();
  /** `GET keys/a`, `PUT packs/…`, in the order of the calls. */
  readonly requests: string[] = [];
  nowMs = Date.parse("2026-03-09T12:00:00Z");
  pageSize = 1000;
  /** Called before each request; what it throws, the request throws. */
  beforeRequest: (request: string) => Promise<void> | void = () => undefined;
  #writes = 0;

  async get(name: string, range?: ByteRange): Promise<FetchedObject> {
    await this.#note(
      range === undefined ? `GET ${name}` : `GET ${name} ${range.startBytes}-${range.endBytes}`,
    );
    const found = this.objects.get(name);
    if (found === undefined) return { kind: "missing", serverMs: this.nowMs };
    const { bytes, modifiedMs, etag } = found;
    const part = bytes.slice(range?.startBytes ?? 0, range?.endBytes ?? bytes.length);
    return { kind: "found", bytes: part, etag, modifiedMs, serverMs: this.nowMs };
  }

  /** It has none that can be abandoned. */
  async discardUploads(prefix: string): Promise<number> {
    await this.#note(`DISCARD ${prefix}`);
    return 0;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#note(`PUT ${name}`);
    this.#set(name, bytes.slice());
  }

  upload(name: string): ObjectUpload {
    const parts: Uint8Array[] = [];
    return {
      write: async (bytes) => {
        await this.#note(`PART ${name}`);
        parts.push(bytes.slice());
      },
      finish: async () => {
        await this.#note(`PUT ${name}`);
        this.#set(name, Buffer.concat(parts));
      },
      abort: async () => {
        this.requests.push(`ABORT ${name}`);
      },
    };
  }

  async *list(prefix: string): AsyncGenerator<ListPage> {
    await this.#note(`LIST ${prefix}`);
    const names = [...this.objects.keys()].filter((name) => name.startsWith(prefix)).toSorted();
    for (let start = 0; start === 0 || start < names.length; start += this.pageSize) {
      if (start > 0) await this.#note(`LIST ${prefix} ${start}`);
      const objects = names.slice(start, start + this.pageSize).flatMap((name) => {
        const found = this.objects.get(name);
        if (found === undefined) return [];
        const { bytes, modifiedMs, etag } = found;
        return [{ name, sizeBytes: bytes.length, modifiedMs, etag }];
      });
      yield { objects, serverMs: this.nowMs };
    }
  }

  async delete(names: readonly string[]): Promise<void> {
    await this.#note(`DELETE ${names.join(" ")}`);
    for (const name of names) this.objects.delete(name);
  }

  /** The names of all objects with a prefix. */
  names(prefix = ""): string[] {
    return [...this.objects.keys()].filter((name) => name.startsWith(prefix)).toSorted();
  }

  #set(name: string, bytes: Uint8Array): void {
    this.#writes += 1;
    this.objects.set(name, { bytes, modifiedMs: this.nowMs, etag: `"${this.#writes}"` });
  }

  async #note(request: string): Promise<void> {
    this.requests.push(request);
    await this.beforeRequest(request);
  }
}
