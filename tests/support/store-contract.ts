import { expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import type { FetchedObject, ObjectStore } from "../../src/bucket/object-store.ts";

const MEBIBYTE = 1024 * 1024;

/** Names with all that a URL, a signature or XML could confuse. */
const DIFFICULT_NAMES = ["keys/a+b c", "keys/%41&<'\">", "keys/~(ä)*!", "keys/=?#;,@$"];
/** Not for those that keep objects as files. No name of a cache has two slashes in a row. */
const EMPTY_PART = "keys/x//y";

/**
 * What every object store must do.
 * @param open returns one without objects below its address
 * @param keepsFiles whether a name is the path of a file
 */
export function testStoreContract(open: () => Promise<ObjectStore>, keepsFiles = false): void {
  test("an object is read as it was written, and replaced as a whole", async () => {
    const store = await open();
    expect(await store.get("keys/a")).toMatchObject({ kind: "missing" });
    await store.put("keys/a", Buffer.from("first"));
    const first = expectFound(await store.get("keys/a"));
    expect(Buffer.from(first.bytes).toString()).toBe("first");
    await store.put("keys/a", Buffer.from("second one"));
    const second = expectFound(await store.get("keys/a"));
    expect(Buffer.from(second.bytes).toString()).toBe("second one");
    expect(second.etag).not.toBe(first.etag);
    expect(second.etag).not.toBe("");
    // Servers state whole seconds.
    expect(Math.abs(second.serverMs - second.modifiedMs)).toBeLessThan(60_000);
  });

  test("an empty object exists", async () => {
    const store = await open();
    await store.put("condemned/1", new Uint8Array());
    expect(expectFound(await store.get("condemned/1")).bytes.length).toBe(0);
  });

  test("a range has the bytes that exist of it", async () => {
    const store = await open();
    await store.put("packs/1", Buffer.from("0123456789"));
    const read = async (startBytes: number, endBytes: number) =>
      Buffer.from(expectFound(await store.get("packs/1", { startBytes, endBytes })).bytes).toString();
    expect(await read(0, 1)).toBe("0");
    expect(await read(3, 6)).toBe("345");
    expect(await read(8, 100)).toBe("89");
    expect(await read(10, 20)).toBe("");
    expect(await read(15, 20)).toBe("");
    expect(await store.get("packs/2", { startBytes: 0, endBytes: 5 })).toMatchObject({ kind: "missing" });
  });

  test("names may contain any characters", async () => {
    const store = await open();
    const difficultNames = [...DIFFICULT_NAMES, ...(keepsFiles ? [] : [EMPTY_PART])];
    for (const name of difficultNames) await store.put(name, Buffer.from(name));
    expect((await listNames(store, "keys/")).toSorted()).toEqual(difficultNames.toSorted());
    for (const name of difficultNames)
      expect(Buffer.from(expectFound(await store.get(name)).bytes).toString()).toBe(name);
    await store.delete(difficultNames);
    expect(await listNames(store, "")).toEqual([]);
  });

  test("a listing has sizes and times, and only what its prefix names", async () => {
    const store = await open();
    expect(await listNames(store, "")).toEqual([]);
    await store.put("keys/a", Buffer.from("12345"));
    await store.put("keysother", Buffer.from(""));
    const objects = [];
    for await (const page of store.list("keys/")) {
      expect(page.serverMs).toBeGreaterThan(0);
      objects.push(...page.objects);
    }
    expect(objects.map(({ name, sizeBytes }) => ({ name, sizeBytes }))).toEqual([
      { name: "keys/a", sizeBytes: 5 },
    ]);
    const { etag, modifiedMs } = expectFound(await store.get("keys/a"));
    expect(objects[0]?.etag).toBe(etag);
    expect(Math.abs((objects[0]?.modifiedMs ?? 0) - modifiedMs)).toBeLessThan(1000);
  });

  test("many objects are listed and deleted", async () => {
    const store = await open();
    const names = Array.from({ length: 30 }, (_, index) => `used/${index}`);
    await Promise.all(names.map((name) => store.put(name, new Uint8Array())));
    expect((await listNames(store, "used/")).toSorted()).toEqual(names.toSorted());
    await store.delete([...names.slice(1), "used/unknown"]);
    expect(await listNames(store, "used/")).toEqual(["used/0"]);
    await store.delete(["used/0"]);
    await store.delete([]);
    expect(await listNames(store, "")).toEqual([]);
  });

  test("a small upload appears when it is finished", async () => {
    const store = await open();
    const upload = store.upload("packs/small");
    await upload.write(Buffer.from("abc"));
    expect(await store.get("packs/small")).toMatchObject({ kind: "missing" });
    await upload.write(Buffer.from("def"));
    await upload.finish();
    expect(Buffer.from(expectFound(await store.get("packs/small")).bytes).toString()).toBe("abcdef");
  });

  test("a large upload appears when it is finished, and is made of what was written", async () => {
    const store = await open();
    const pattern = randomBytes(5 * MEBIBYTE + 13);
    const upload = store.upload("packs/large");
    for (let count = 0; count < 15; count++) await upload.write(pattern);
    expect(await store.get("packs/large")).toMatchObject({ kind: "missing" });
    await upload.finish();
    const startBytes = 14 * pattern.length - 100;
    const tail = expectFound(
      await store.get("packs/large", { startBytes, endBytes: startBytes + 10_000_000 }),
    );
    expect(Buffer.from(tail.bytes).equals(Buffer.concat([pattern.subarray(-100), pattern]))).toBe(true);
    const middle = { startBytes: 16 * MEBIBYTE - 7, endBytes: 16 * MEBIBYTE + 7 };
    const start = middle.startBytes % pattern.length;
    expect(Buffer.from(expectFound(await store.get("packs/large", middle)).bytes)).toEqual(
      Buffer.concat([pattern, pattern]).subarray(start, start + 14),
    );
    await store.delete(["packs/large"]);
  });

  test("an abandoned upload leaves nothing", async () => {
    const store = await open();
    const upload = store.upload("packs/abandoned");
    for (let count = 0; count < 9; count++) await upload.write(Buffer.alloc(8 * MEBIBYTE));
    await upload.abort();
    expect(await store.get("packs/abandoned")).toMatchObject({ kind: "missing" });
    expect(await listNames(store, "")).toEqual([]);
  });
}

export async function listNames(store: ObjectStore, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { objects } of store.list(prefix)) names.push(...objects.map(({ name }) => name));
  return names;
}

function expectFound(fetched: FetchedObject): Extract<FetchedObject, { kind: "found" }> {
  if (fetched.kind !== "found") throw new Error("the object is missing");
  return fetched;
}
