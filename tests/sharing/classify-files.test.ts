import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { bytesFromText } from "../../src/base/byte-string.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import {
  classifyFiles,
  LARGEST_COPIED_BYTES,
  Sharing,
  type TreePlace,
} from "../../src/sharing/classify-files.ts";
import { NAME_RULES } from "../../src/sharing/name-rules.ts";
import { NO_GLOBS } from "../../src/sharing/share-globs.ts";
import { manifestOf } from "../support/listed-manifest.ts";
import { type DirectoryNode, directory, file, type ListedNode } from "../support/listed-tree.ts";

const SMALL = file({ size: 10 });
const LARGE = file({ size: LARGEST_COPIED_BYTES + 1 });

/** Nests files by their paths. */
function treeOfPaths(paths: Readonly<Record<string, ListedNode>>): DirectoryNode {
  const below = new Map<string, Record<string, ListedNode>>();
  const children: Record<string, ListedNode> = {};
  for (const [path, node] of Object.entries(paths)) {
    const slash = path.indexOf("/");
    if (slash < 0) children[path] = node;
    else
      below.set(path.slice(0, slash), { ...below.get(path.slice(0, slash)), [path.slice(slash + 1)]: node });
  }
  for (const [name, rest] of below) children[name] = treeOfPaths(rest);
  return directory(children);
}

interface Options extends Partial<Omit<TreePlace, "names">> {
  readonly edited?: readonly string[];
}

/** `shared`, `exclusive` or `own` by path. */
function classify(
  manifest: Manifest,
  names: readonly (string | undefined)[],
  { edited = [], ...options }: Options = {},
): Record<string, string> {
  const { fileCount } = manifest.counts;
  const paths = Array.from({ length: fileCount }, (_, index): string => manifest.filePath(index));
  const place: TreePlace = {
    names: names.map((name) => (name === undefined ? undefined : bytesFromText(name))),
    globs: NO_GLOBS,
    linkMode: "auto",
    ...options,
  };
  const marks = Uint8Array.from(paths, (path) => (edited.includes(path) ? 1 : 0));
  const sharing = classifyFiles(manifest, place, marks);
  const words = new Map<number, string>(
    Object.entries(Sharing).map(([word, number]) => [number, word.toLowerCase()]),
  );
  return Object.fromEntries(
    paths.map((path, index): [string, string] => [path, words.get(sharing[index] ?? -1) ?? "?"]),
  );
}

function classifyPaths(
  names: readonly (string | undefined)[],
  paths: readonly string[],
  options?: Options,
): Record<string, string> {
  const tree = treeOfPaths(Object.fromEntries(paths.map((path) => [path, SMALL])));
  return classify(manifestOf(tree), names, options);
}

test("package contents are shared, whether the place or the tree says so", () => {
  const shared = { "a/index.js": "shared" };
  expect(classifyPaths(["node_modules"], ["a/index.js"])).toEqual(shared);
  expect(classifyPaths(["./web/node_modules/"], ["a/index.js"])).toEqual(shared);
  expect(classifyPaths(["/tmp/x", "node_modules"], ["a/index.js"])).toEqual(shared);
  expect(classifyPaths(["node_modules/.pnpm/a@1/node_modules/a"], ["a/index.js"])).toEqual(shared);
  expect(classifyPaths(["target"], ["a/index.js"])).toEqual({ "a/index.js": "own" });
  expect(classifyPaths(["my_node_modules"], ["a/index.js"])).toEqual({ "a/index.js": "own" });
  expect(classifyPaths([undefined, undefined], ["node_modules/a.js", "a.js"])).toEqual({
    "node_modules/a.js": "shared",
    "a.js": "own",
  });
});

test("installers' state and caches among package contents are not shared, packages below them are", () => {
  const classes = classifyPaths(
    ["node_modules"],
    [
      ".package-lock.json",
      ".cache/babel/x.json",
      ".vite/deps/x.js",
      ".prisma/client/index.js",
      ".pnpm/lock.yaml",
      ".pnpm/a@1.0.0/node_modules/a/index.js",
      "a/.eslintrc",
      "a/node_modules/.yarn-integrity",
      "a/build/Release/addon.node",
      "a/build/config.gypi",
      "a/build/index.js",
      "@prisma/client/index.js",
    ],
  );
  const shared = Object.keys(classes).filter((path) => classes[path] === "shared");
  expect(shared.toSorted()).toEqual([
    ".pnpm/a@1.0.0/node_modules/a/index.js",
    "a/.eslintrc",
    "a/build/index.js",
  ]);
});

test("what is state by one of the names is not shared, whatever the other one says", () => {
  expect(classifyPaths(["node_modules/.cache", "node_modules"], ["x.js"])).toEqual({ "x.js": "own" });
  expect(classifyPaths(["node_modules", "node_modules/.cache"], ["x.js"])).toEqual({ "x.js": "own" });
});

test("of build state, large files are exclusive, and what has special bits or is edited has a copy", () => {
  const tree = treeOfPaths({
    small: file({ size: LARGEST_COPIED_BYTES }),
    large: LARGE,
    setuid: file({ ...LARGE, mode: 0o4755 }),
    edited: LARGE,
  });
  const expected = { small: "own", large: "exclusive", setuid: "own", edited: "own" };
  expect(classify(manifestOf(tree), ["target"], { edited: ["edited"] })).toEqual(expected);
  const shared = { small: "shared", large: "shared", setuid: "own", edited: "own" };
  expect(classify(manifestOf(tree), ["node_modules"], { edited: ["edited"] })).toEqual(shared);
  expect(classify(manifestOf(tree), ["target"], { edited: ["edited"], linkMode: "hard" })).toEqual(shared);
});

test("the modes that never link classify like auto, because the names of objects depend on it", () => {
  const manifest = manifestOf(treeOfPaths({ large: LARGE, "node_modules/a": SMALL }));
  for (const linkMode of ["copy", "reflink"] as const) {
    expect(classify(manifest, ["x"], { linkMode })).toEqual(classify(manifest, ["x"]));
  }
});

test("a file with several names is exclusive if all of them are, else its tree's own", () => {
  const tree = directory({ a: LARGE, b: LARGE, node_modules: directory({ c: LARGE, d: LARGE }) });
  const classesWith = (links: readonly (readonly [number, number])[], options?: Options) =>
    Object.values(classify(manifestOf(tree, { links }), ["target"], options));
  expect(classesWith([])).toEqual(["exclusive", "exclusive", "shared", "shared"]);
  expect(classesWith([[1, 0]])).toEqual(["exclusive", "exclusive", "shared", "shared"]);
  expect(classesWith([[1, 0]], { edited: ["b"] })).toEqual(["own", "own", "shared", "shared"]);
  const three = [
    [1, 0],
    [2, 0],
  ] as const;
  expect(classesWith(three)).toEqual(["own", "own", "own", "shared"]);
  expect(classesWith([[3, 2]])).toEqual(["exclusive", "exclusive", "own", "own"]);
  expect(classesWith([[1, 0]], { linkMode: "hard" })).toEqual(["own", "own", "shared", "shared"]);
});

test("of a tree that is only there to be stored, small files are linked into the cache", () => {
  const manifest = manifestOf(treeOfPaths({ small: SMALL, large: LARGE }));
  expect(classify(manifest, [undefined], { isTemporary: true })).toEqual({
    small: "shared",
    large: "exclusive",
  });
});

test("a single file is classified by its whole path", () => {
  const manifest = manifestOf(SMALL);
  expect(classify(manifest, ["node_modules/a/index.js"])).toEqual({ "": "shared" });
  expect(classify(manifest, ["node_modules/.package-lock.json"])).toEqual({ "": "own" });
  // Not a directory.
  expect(classify(manifest, ["node_modules"])).toEqual({ "": "own" });
  const globs = { share: ["*.bin"], noShare: [] };
  expect(classify(manifest, ["models/weights.bin"], { globs })).toEqual({ "": "shared" });
});

test("globs override the rules, and --no-share wins", () => {
  const paths = ["vendor/a.php", "vendor/composer/b.php", "node_modules/a.js", "node_modules/b/c.js"];
  const globs = { share: ["vendor/", "/node_modules/b/c.js"], noShare: ["composer/", "node_modules/b"] };
  expect(classifyPaths(["."], paths, { globs })).toEqual({
    "vendor/a.php": "shared",
    "vendor/composer/b.php": "own",
    "node_modules/a.js": "shared",
    "node_modules/b/c.js": "own",
  });
  const all = { share: ["*"], noShare: ["*"] };
  expect(new Set(Object.values(classifyPaths(["."], paths, { globs: all })))).toEqual(new Set(["own"]));
  const reincluded = { share: ["vendor/*", "!vendor/composer"], noShare: [] };
  expect(classifyPaths(["."], paths, { globs: reincluded })).toMatchObject({
    "vendor/a.php": "shared",
    "vendor/composer/b.php": "own",
  });
});

const markers = NAME_RULES.filter(({ marksDirectory }) => marksDirectory === true);
const rulePatterns = NAME_RULES.map(({ pattern }) => pattern);

test("every rule has one form, a reason and a source", () => {
  for (const { pattern, kind, marksDirectory, reason, source } of NAME_RULES) {
    const [head, tail] = pattern.split("**/");
    if (tail !== undefined) expect(rulePatterns).toContain(head ?? "");
    const names = pattern.replace("**/", "").replace(/\/$/, "").split("/");
    for (const name of names) expect(name).toMatch(/^[^*]*(?:\*[^*]*)?$/);
    // A directory whose name has a star is found by the name of its parent.
    if (pattern.endsWith("/") && names.at(-1)?.includes("*") === true)
      expect(names.at(-2)).toMatch(/^[^*]+$/);
    if (!pattern.endsWith("/")) expect(kind).toBe("build");
    if (marksDirectory === true) expect(pattern).toMatch(/\*\*\/[^*/]+$/);
    expect(reason.length).toBeGreaterThan(10);
    expect(source).toMatch(/^https:\/\//);
  }
  expect(new Set(rulePatterns).size).toBe(rulePatterns.length);
});

/** The rules once more, as regular expressions over whole paths; `all` are those of the tree. */
function isShared(path: string, all: readonly string[]): boolean {
  const names = path.split("/");
  let found: { readonly pattern: string; readonly kind: string } | undefined;
  let foundLength = 0;
  for (let end = 1; end < names.length; end++) {
    const directoryPath = `/${names.slice(0, end).join("/")}/`;
    const [first, ...others] = NAME_RULES.filter(
      ({ pattern }) => pattern.endsWith("/") && new RegExp(`/${expressionOf(pattern)}$`).test(directoryPath),
    );
    if (first === undefined) continue;
    found = others.reduce((best, each) => (rank(each.pattern) > rank(best.pattern) ? each : best), first);
    foundLength = end;
  }
  if (found?.kind !== "package") return false;
  for (let end = foundLength; end < names.length; end++) {
    const inDirectory = (name: string) => all.includes([...names.slice(0, end), name].join("/"));
    for (const { pattern } of markers) {
      const [head, tail = ""] = pattern.split("**/");
      if (head === found.pattern && inDirectory(tail)) return false;
    }
  }
  return !NAME_RULES.filter(({ pattern }) => !pattern.endsWith("/")).some(({ pattern }) => {
    const [head = "", tail] = pattern.split("**/");
    if (tail === undefined) return new RegExp(`/${expressionOf(pattern)}$`).test(`/${path}`);
    return head === found?.pattern && new RegExp(`^${expressionOf(tail)}$`).test(names.at(-1) ?? "");
  });
}

/** An exact name before one with a star, then the longer pattern. */
function rank(pattern: string): number {
  return pattern.length - (pattern.split("/").at(-2)?.includes("*") === true ? 1000 : 0);
}

function expressionOf(pattern: string): string {
  return pattern.replaceAll(/[.+]/g, String.raw`\$&`).replaceAll("*", "[^/]*");
}

const pieces = rulePatterns.map((pattern) => pattern.replace("**/", "").replace(/\/$/, ""));
const parts = fc.oneof(
  // Whole patterns, so that rules match at all; their names, so that they nearly do.
  fc.constantFrom(...pieces).map((piece) => piece.replaceAll("*", "x1")),
  fc.constantFrom(...pieces.flatMap((piece) => piece.split("/"))).map((name) => name.replaceAll("*", "")),
  fc.constantFrom("a", "b.js", ".hidden", "lib", "\u00e9"),
);
const paths = (minLength: number, maxLength: number) =>
  fc
    .array(parts, { minLength, maxLength })
    .map((names) => names.filter((name) => name !== "").join("/"))
    .filter((path) => !/(?:^|\/)\.{1,2}(?:\/|$)/.test(path));

test("the matcher agrees with regular expressions over whole paths", () => {
  const property = fc.property(
    paths(0, 3),
    fc.array(paths(1, 5), { minLength: 1, maxLength: 12 }),
    (place, filePaths) => {
      const files: Record<string, ListedNode> = {};
      for (const path of filePaths.map(bytesFromText)) {
        const isUsable = Object.keys(files).every(
          (other) => other !== path && !other.startsWith(`${path}/`) && !path.startsWith(`${other}/`),
        );
        if (path !== "" && isUsable) files[path] = SMALL;
      }
      const classes = classify(manifestOf(treeOfPaths(files)), [place === "" ? undefined : place]);
      const wholeOf = (path: string) => (place === "" ? path : `${bytesFromText(place)}/${path}`);
      const all = Object.keys(classes).map(wholeOf);
      for (const [path, found] of Object.entries(classes)) {
        const whole = wholeOf(path);
        expect({ whole, found }).toEqual({ whole, found: isShared(whole, all) ? "shared" : "own" });
      }
    },
  );
  fc.assert(property, { numRuns: 800 });
});

test("artifacts that Maven has installed from a build are build state, those that it fetched are not", () => {
  const local = ["app/maven-metadata-local.xml", "app/1/app-1.jar", "app/1/app-1.pom"];
  const fetched = ["junit/4/junit-4.jar", "appendix/1/appendix-1.jar"];
  expect(classifyPaths([".m2/repository"], [...local, ...fetched])).toEqual({
    ...Object.fromEntries(local.map((path) => [path, "own"])),
    ...Object.fromEntries(fetched.map((path) => [path, "shared"])),
  });
  expect(classifyPaths(["node_modules"], local)).toEqual(
    Object.fromEntries(local.map((path) => [path, "shared"])),
  );
});
