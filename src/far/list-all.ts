import type { ListedObject, ObjectStore } from "../bucket/object-store.ts";

export interface Listing {
  readonly objects: readonly ListedObject[];
  /** The server's clock when it began to answer: what is not listed did not exist then. */
  readonly serverMs: number;
}

/** @throws BtdtError, see `ObjectStore` */
export async function listAll(store: ObjectStore, prefix: string): Promise<Listing> {
  const objects: ListedObject[] = [];
  let serverMs: number | undefined;
  for await (const page of store.list(prefix)) {
    serverMs ??= page.serverMs;
    objects.push(...page.objects);
  }
  if (serverMs === undefined) throw new RangeError("a listing has at least one page");
  return { objects, serverMs };
}
