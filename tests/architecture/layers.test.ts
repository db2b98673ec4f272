import { expect, test } from "bun:test";
import { importsOfSource, partOfPacks, roomOf } from "./imports.ts";
import { allowedImports } from "./page.ts";

const allowed = allowedImports("room");
const allowedInPacks = allowedImports("part of `packs`");
const imports = importsOfSource();

test("every room has a row in the table, and every row is a room", () => {
  const rooms = new Set([...imports.keys()].map(roomOf));
  expect(new Set(allowed.keys())).toEqual(rooms);
});

test("a room imports only what its row allows", () => {
  const violations: string[] = [];
  for (const [file, imported] of imports) {
    for (const other of imported) {
      const isAllowed = roomOf(other) === roomOf(file) || allowed.get(roomOf(file))?.has(roomOf(other));
      if (!isAllowed) violations.push(`${file} imports ${other}`);
    }
  }
  expect(violations).toEqual([]);
});

test("the table allows nothing that no file uses", () => {
  const unused: string[] = [];
  for (const [room, rooms] of allowed) {
    const used = new Set(
      [...imports].filter(([file]) => roomOf(file) === room).flatMap(([, imported]) => imported.map(roomOf)),
    );
    for (const other of rooms) if (!used.has(other)) unused.push(`${room}: ${other}`);
  }
  expect(unused).toEqual([]);
});

test("the parts of packs import only what their rows allow, and every row is used", () => {
  const used = new Map<string, Set<string>>();
  for (const [file, imported] of imports) {
    const part = partOfPacks(file);
    if (part === undefined) continue;
    const others = imported.map(partOfPacks).filter((other) => other !== undefined && other !== part);
    used.set(part, new Set([...(used.get(part) ?? []), ...others.map(String)]));
  }
  const sorted = (graph: ReadonlyMap<string, ReadonlySet<string>>) =>
    [...graph].map(([part, parts]) => [part, ...[...parts].toSorted()].join(" ")).toSorted();
  expect(sorted(used)).toEqual(sorted(allowedInPacks));
  expect(findCircle(new Map([...allowedInPacks].map(([part, parts]) => [part, [...parts]])))).toBeUndefined();
});

test("no two rooms may import each other, however long the way", () => {
  expect(findCircle(new Map([...allowed].map(([room, rooms]) => [room, [...rooms]])))).toBeUndefined();
});

test("no files import each other in a circle, types included", () => {
  expect(findCircle(imports)).toBeUndefined();
});

/** The names along one circle of a graph. */
function findCircle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (name: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const next of graph.get(name) ?? []) {
      const circle = visit(next, [...way, name]);
      if (circle !== undefined) return circle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of graph.keys()) {
    const circle = visit(name, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
