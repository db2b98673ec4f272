import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BTDT, must } from "../../support/executable.ts";
import type { Place } from "../place.ts";
import type { Scenario } from "../scenario.ts";

/** Four entries whose keys state so many files that a clean leaves a ledger; then one of them vanishes. */
function leaveLedger(place: Place): void {
  must([BTDT, "delete", "-q", "-c", place.cache, "packed-1", "packed-2"]);
  const store = ["store", "-q", "-c", place.cache, "--storage", "objects"];
  for (const key of ["fresh", "many", "changed"]) must([BTDT, ...store, "-k", key, place.tree(key)]);
  const root = join(place.cache, "btdt-v1");
  for (const name of readdirSync(join(root, "keys"))) {
    const path = join(root, "keys", name);
    const { atimeMs, mtimeMs } = statSync(path);
    writeFileSync(path, readFileSync(path, "utf8").replace(/"fileCount":\d+/, '"fileCount":1000000'));
    utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
  }
  // The first one removes the packs.
  for (let round = 0; round < 2; round++) must([BTDT, "clean", "-q", "-c", place.cache]);
  if (!existsSync(join(root, "ledger"))) throw new Error("there is no ledger");
  must([BTDT, "delete", "-q", "-c", place.cache, "changed"]);
}

export const ledgerScenarios: readonly Scenario[] = [
  {
    name: "clean that goes by a ledger",
    prepare: leaveLedger,
    keys: new Map([
      ["fresh", "fresh"],
      ["many", "many"],
    ]),
    words: (place) => ["clean", "-c", place.cache],
    exitCode: 0,
    removes: new Map([
      ["packed-1", "many"],
      ["packed-2", "changed"],
    ]),
  },
];
