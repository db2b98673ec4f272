import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BTDT, must } from "../../support/executable.ts";
import type { Place } from "../place.ts";
import type { Scenario } from "../scenario.ts";

/** Commands that only read: they print the right answer, or say what is wrong. */
function look(name: string, wordsIn: (place: Place) => readonly string[]): Scenario {
  return {
    name,
    prepare: (place) => {
      const command = [BTDT, ...wordsIn(place)].map((word) => `'${word}'`).join(" ");
      must(["sh", "-c", `${command} > '${join(place.path, "expected")}'`]);
    },
    words: wordsIn,
    outputFile: (place) => join(place.path, "output"),
    exitCode: 0,
    check: (place, { exitCode, stderr }) => {
      if (exitCode !== 0 || stderr.includes("warning:")) return [];
      const [output, expected] = ["output", "expected"].map((file) =>
        readFileSync(join(place.path, file), "latin1"),
      );
      return output === expected ? [] : ["it printed something else, without a word"];
    },
  };
}

export const lookScenarios: readonly Scenario[] = [
  look("list", (place) => ["list", "--json", "-c", place.cache]),
  look("stats", (place) => ["stats", "-c", place.cache]),
  look("inspect", (place) => ["inspect", "-c", place.cache, "packed-1", "--diff", "packed-2"]),
  look("hash", (place) => ["hash", place.tree("small"), place.tree("many")]),
  look("hash of one file", (place) => ["hash", join(place.tree("small"), "sub", "text")]),
  look("export a linked entry", (place) => ["export", "-c", place.cache, "-k", "linked"]),
  look("export a packed entry", (place) => [
    "export",
    "-c",
    place.cache,
    "-k",
    "packed-2",
    "--format",
    "tar.gz",
  ]),
  look("export a zip file", (place) => ["export", "-c", place.cache, "-k", "linked", "--format", "zip"]),
];
