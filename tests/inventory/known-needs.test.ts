import { expect, test } from "bun:test";
import { KnownNeeds } from "../../src/inventory/known-needs.ts";
import type { Needs } from "../../src/inventory/needs.ts";

/** What is found for each manifest, which a test may change, and how often it was read. */
class Manifests {
  readonly needs = new Map<string, Needs>();
  readonly reads: string[] = [];

  add(digest: string, items: readonly number[]): void {
    this.needs.set(digest, {
      items: Uint32Array.from(items),
      isKnown: true,
      condition: { kind: "whole" },
    });
  }

  find(digest: string): Needs {
    this.reads.push(digest);
    const needs = this.needs.get(digest);
    if (needs === undefined) throw new Error(`there is no ${digest}`);
    return needs;
  }
}

function manifests(): Manifests {
  const found = new Manifests();
  found.add("a", [1, 2, 3]);
  found.add("b", [3, 4]);
  found.add("c", [5]);
  return found;
}

test("as much as may be kept is read once, and the rest whenever it is asked for", () => {
  const found = manifests();
  const known = new KnownNeeds(found, 4);
  for (const digest of ["a", "b", "c"]) known.find(digest);
  expect([...(known.list(["a"]) ?? [])]).toEqual([1, 2, 3]);
  expect([...(known.list(["b"]) ?? [])]).toEqual([3, 4]);
  expect([...known.find("c").items]).toEqual([5]);
  expect(found.reads).toEqual(["a", "b", "c", "b"]);
});

test("what several manifests need is listed once", () => {
  const known = new KnownNeeds(manifests());
  for (const digest of ["a", "b", "c"]) known.find(digest);
  expect([...(known.list(["a", "b"]) ?? [])]).toEqual([1, 2, 3, 4]);
  expect([...known.unite([Uint32Array.of(7, 8), Uint32Array.of(8, 7, 9)])]).toEqual([7, 8, 9]);
  expect([...known.unite([])]).toEqual([]);
});

test("a manifest that has changed when it is read again has no list, and may need anything", () => {
  for (const changed of [[1, 2], [1, 2, 4], []]) {
    const found = manifests();
    const known = new KnownNeeds(found, 0);
    known.find("a");
    known.find("b");
    found.add("a", changed);
    expect(known.list(["a"])).toBeUndefined();
    expect(known.list(["a", "b"])).toBeUndefined();
    expect(known.list(["b"])).toBeDefined();
    expect(known.find("a")).toMatchObject({ isKnown: false, condition: { kind: "unreadable" } });
  }
});

test("a manifest that was not read before has no list", () => {
  expect(new KnownNeeds(manifests()).list(["a"])).toBeUndefined();
});
