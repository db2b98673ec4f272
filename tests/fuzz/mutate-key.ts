import type { Random } from "../support/random.ts";

const HOSTILE = [
  null,
  -1,
  1e300,
  2 ** 53,
  "",
  "..",
  "../../outside/canary",
  "/etc/passwd",
  "a/../../b",
  "\u0000",
  "0".repeat(64),
  "f".repeat(64),
  [],
  {},
  true,
] as const;

/** A key's JSON with some value replaced or repeated. */
export function mutateKeyRecord(file: Buffer, random: Random): Buffer {
  const record: unknown = JSON.parse(file.toString());
  const places = listPlaces(record);
  for (let count = 1 + random.below(2); count > 0; count--) {
    const place = places[random.below(places.length)];
    if (place === undefined) break;
    if (Array.isArray(place.holder) && random.isLucky(1 / 2))
      place.holder.push(structuredClone(place.holder[0]));
    else place.holder[place.name] = random.pick(HOSTILE);
  }
  if (random.isLucky(1 / 4)) addPaths(record, random);
  return Buffer.from(`${JSON.stringify(record)}\n`);
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly name: string;
}

function listPlaces(value: unknown): Place[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Record<string, unknown>;
  const places: Place[] = [];
  for (const name of Object.keys(holder)) places.push({ holder, name }, ...listPlaces(holder[name]));
  return places;
}

/** Where trees are restored to without destinations. */
function addPaths(record: unknown, random: Random): void {
  const { trees } = record as { trees?: unknown };
  if (!Array.isArray(trees)) return;
  for (const tree of trees) {
    if (typeof tree === "object" && tree !== null) tree.path = random.pick(HOSTILE);
  }
}
