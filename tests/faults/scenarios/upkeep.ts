import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BTDT, must } from "../../support/executable.ts";
import type { Place } from "../place.ts";
import type { Scenario } from "../scenario.ts";

const longAgo = "2020-01-01T00:00:00Z";

/** An object, a manifest and a pack that nothing needs, and a dead session. */
function leaveGarbage(place: Place): void {
  for (const storage of ["objects", "packs"]) {
    const words = ["store", "-q", "-c", place.cache, "-k", `old-${storage}`, "--storage", storage];
    must([BTDT, ...words, place.tree("fresh")]);
    must([BTDT, "delete", "-q", "-c", place.cache, `old-${storage}`]);
  }
}

/** Two keys that nobody has used for long; the others are new. */
function leaveOldEntries(place: Place): void {
  must([BTDT, "store", "-q", "-c", place.cache, "-k", "old", place.tree("fresh")]);
  const keys = join(place.cache, "btdt-v1", "keys");
  must(["sh", "-c", `cd '${keys}' && touch -d ${longAgo} old* || touch -d ${longAgo} *`]);
  for (const key of ["linked", "packed-1", "packed-2"]) {
    must([BTDT, "restore", "-q", "-c", place.cache, "-k", key, place.destination]);
    must(["rm", "-rf", place.destination]);
  }
}

/** Only pinned, none of them would stay. */
function leavePinnedEntry(place: Place): void {
  const keys = join(place.cache, "btdt-v1", "keys");
  must(["sh", "-c", `cd '${keys}' && for key in *; do '${BTDT}' pin -q -c '${place.cache}' "$key"; done`]);
  must(["sh", "-c", `cd '${keys}' && touch -d ${longAgo} *`]);
}

/** A pack that is mostly garbage. */
function leaveMostlyUnneededPack(place: Place): void {
  const tree = place.tree("../mixed");
  must(["cp", "-a", place.tree("fresh"), tree]);
  for (let file = 0; file < 40; file++) {
    writeFileSync(join(tree, `unneeded-${file}`), `${file} is not needed for long\n`.repeat(file * 50));
  }
  const store = (key: string): string =>
    must([BTDT, "store", "-q", "-c", place.cache, "-k", key, "--storage", "packs", tree]);
  store("whole");
  rmSync(join(tree, "large"));
  for (let file = 2; file < 40; file++) rmSync(join(tree, `unneeded-${file}`));
  store("rest");
  must([BTDT, "delete", "-q", "-c", place.cache, "whole"]);
}

/** An entry with one object that has different bytes, but the right size and time. */
function damageObject(place: Place): void {
  const words = ["store", "-q", "-c", place.cache, "-k", "broken", "--storage", "objects", "--link", "copy"];
  must([BTDT, ...words, place.tree("fresh")]);
  const find = "grep -rlx 'echo fresh' btdt-v1/objects";
  const damage =
    'touch -r "$f" ../mark && printf wrong | dd of="$f" conv=notrunc status=none && touch -r ../mark "$f"';
  must(["sh", "-ec", `f=$(${find}); ${damage}`], { cwd: place.cache });
}

/** Without packs, which are looked at under the lock: an old entry, and objects that nothing needs. */
function leaveOnlyObjects(place: Place): void {
  must([BTDT, "delete", "-q", "-c", place.cache, "packed-1", "packed-2"]);
  must([BTDT, "clean", "-q", "-c", place.cache]);
  const store = ["store", "-q", "-c", place.cache, "--storage", "objects"];
  must([BTDT, ...store, "-k", "old", place.tree("fresh")]);
  must([BTDT, ...store, "-k", "unwanted", place.tree("many")]);
  must([BTDT, "delete", "-q", "-c", place.cache, "unwanted"]);
  must(["touch", "-d", longAgo, join(place.cache, "btdt-v1", "keys", "old")]);
}

function clean(
  name: string,
  prepare: (place: Place) => void,
  removes: ReadonlyMap<string, string>,
  ...options: string[]
): Scenario {
  return {
    name: `clean ${name}`,
    prepare,
    words: (place) => ["clean", "-c", place.cache, ...options],
    exitCode: 0,
    removes,
  };
}

export const upkeepScenarios: readonly Scenario[] = [
  clean("of garbage", leaveGarbage, new Map()),
  clean("by age", leaveOldEntries, new Map([["old", "fresh"]]), "--max-age", "30d"),
  clean(
    "without packs",
    leaveOnlyObjects,
    new Map([
      ["old", "fresh"],
      ["packed-1", "many"],
      ["packed-2", "changed"],
    ]),
    "--max-age",
    "30d",
  ),
  clean("that rewrites a pack", leaveMostlyUnneededPack, new Map()),
  {
    name: "verify",
    words: (place) => ["verify", "-c", place.cache],
    exitCode: 0,
  },
  {
    name: "verify with nothing to repair",
    words: (place) => ["verify", "-c", place.cache, "--repair"],
    exitCode: 0,
  },
  {
    name: "verify and repair",
    prepare: damageObject,
    words: (place) => ["verify", "-c", place.cache, "--repair", "--from", place.tree("fresh")],
    exitCode: 0,
    repairs: new Map([["broken", "fresh"]]),
  },
  {
    name: "pin",
    words: (place) => ["pin", "-c", place.cache, "packed-1"],
    exitCode: 0,
  },
  clean("of an old entry that is pinned", leavePinnedEntry, new Map(), "--max-age", "30d"),
  {
    name: "delete",
    words: (place) => ["delete", "-c", place.cache, "packed-1"],
    exitCode: 0,
    exitCodeAgain: 4,
    removes: new Map([["packed-1", "many"]]),
  },
];
