import { expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { btdt } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const page = readFileSync(join(import.meta.dir, "../../docs/json.md"), "utf8");

const inBackticks = (text: string): string[] =>
  [...text.matchAll(/`([\w-]+)`/g)].map((match) => match[1] ?? "");

/** The words in backticks in a command's row of the table, and in the paragraph on trees if the row has these. */
function documented(command: string): Set<string> {
  const row = page.split("\n").find((line) => line.startsWith("| ") && line.split("|")[1]?.includes(command));
  const words = inBackticks(row?.split("|")[2] ?? "");
  const trees = page.split("\n\n").find((paragraph) => paragraph.startsWith("`trees` has"));
  return new Set([...words, ...(words.includes("trees") ? inBackticks(trees ?? "") : [])]);
}

/** The names of fields, and strings, at any depth. */
function collect(value: unknown, names: Set<string>, texts: Set<string>): void {
  if (typeof value === "string") texts.add(value);
  if (typeof value !== "object" || value === null) return;
  for (const [name, field] of Object.entries(value)) {
    if (!Array.isArray(value)) names.add(name);
    collect(field, names, texts);
  }
}

/** Fields and values that do not occur in these caches, because they are about damage, the distant past or buckets. */
const RARE = new Set([
  "damage",
  "lastCleanMs",
  "age",
  "count",
  "earlier",
  "--diff",
  "repaired",
  "source",
  "obstacle",
  "isPacked",
  "warning",
  "problem",
  "evicted",
  "waiting",
  "packCount",
  "skippedCount",
]);

/** Damages an entry. */
function removeObject(cache: string): void {
  const objects = join(cache, "btdt-v1", "objects");
  const names = readdirSync(objects, { recursive: true }).map(String);
  const object = names.find((name) => name.includes("/"));
  rmSync(join(objects, object ?? ""));
}

test("the page names every field that a command prints, and no other", () => {
  const cache = scratch.directory("cache");
  const tree = scratch.directory("tree");
  writeFileSync(join(tree, "file"), "1");
  // All contents differ, so that none can be repaired from another.
  writeFileSync(join(tree, "gone"), "gone");
  symlinkSync("file", join(tree, "link"));
  const environment = { BTDT_CACHE: cache };
  const run = (...words: string[]) => btdt(words, { cwd: scratch.path(), env: environment });
  run("keygen", "signing.key");
  run("store", "-k", "one,other", "--sign-key", "signing.key", "tree");
  // As a new file, because the stored one is linked.
  rmSync(join(tree, "file"));
  writeFileSync(join(tree, "file"), "2");
  writeFileSync(join(tree, "new"), "new");
  run("store", "-k", "two", "--exclude", "gone", "tree");
  writeFileSync(join(cache, "btdt-v1", "keys", "broken"), "{");
  const outcomes: [string, string[][]][] = [
    ["hash", [["tree"]]],
    ["key", [["one"]]],
    [
      "store",
      [
        ["-k", "three", "tree"],
        ["-k", "three", "--exclude", "new", "--dry-run", "tree"],
      ],
    ],
    [
      "restore",
      [
        ["-k", "one", "x"],
        ["-k", "none,broken", "x"],
        ["-k", "none", "--fallback-prefix", "t", "x"],
      ],
    ],
    [
      "lookup",
      [
        ["-k", "one"],
        ["-k", "none,broken"],
      ],
    ],
    ["list", [[]]],
    ["inspect", [["one"], ["one", "--diff", "two"], ["none"]]],
    [
      "delete",
      [
        ["two", "--dry-run"],
        ["other", "none"],
      ],
    ],
    ["doctor", [["tree"]]],
    ["version", [[]]],
    ["keygen", [[], ["another.key"]]],
    ["pin", [["one"], ["none"]]],
    ["unpin", [["one"], ["none"]]],
    ["stats", [[]]],
    ["verify", [[], ["--repair"]]],
    ["clean", [["--max-size", "0"]]],
    ["any", [["hash", "none"], ["restore"], ["restore", "-c", "none", "-k", "k", "x"]]],
  ];
  for (const [command, calls] of outcomes) {
    if (command === "verify") removeObject(cache);
    const names = new Set<string>();
    const texts = new Set<string>();
    for (const words of calls) {
      const all = command === "any" ? words : [command, ...words];
      const { stdout } = run(...all, "--json");
      const { version, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
      expect(version).toBe(1);
      collect(rest, names, texts);
    }
    const row = documented(command);
    expect({ command, undocumented: [...names].filter((name) => !row.has(name)) }).toEqual({
      command,
      undocumented: [],
    });
    const unseen = [...row].filter((word) => !names.has(word) && !texts.has(word) && !RARE.has(word));
    expect({ command, unseen }).toEqual({ command, unseen: [] });
  }
});
