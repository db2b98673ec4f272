import { expect, test } from "bun:test";
import type { ObjectStore } from "../../src/bucket/object-store.ts";
import { MemoryStore } from "../support/memory-store.ts";

async function listNames(store: ObjectStore, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { objects } of store.list(prefix)) names.push(...objects.map(({ name }) => name));
  return names;
}

test("the store in memory reads ranges, lists in pages, and deletes", async () => {
  const store = new MemoryStore();
  store.pageSize = 2;
  await store.put("keys/a", Buffer.from("first"));
  const upload = store.upload("packs/1");
  await upload.write(Buffer.from("01234"));
  await upload.write(Buffer.from("56789"));
  expect(await store.get("packs/1")).toMatchObject({ kind: "missing" });
  await upload.finish();
  store.nowMs += 1000;
  await store.put("keys/b", Buffer.from("second"));
  await store.put("keys/c", Buffer.from("third"));

  const range = await store.get("packs/1", { startBytes: 3, endBytes: 20 });
  expect(range).toMatchObject({ kind: "found", bytes: Buffer.from("3456789") });
  expect(await listNames(store, "keys/")).toEqual(["keys/a", "keys/b", "keys/c"]);
  await store.delete(["keys/a", "keys/unknown"]);
  expect(await listNames(store, "")).toEqual(["keys/b", "keys/c", "packs/1"]);
});
