import { beforeAll, expect, test } from "bun:test";
import { BUNDLE_OPTIONS } from "../../link/bundle-options.ts";
import { roomOf } from "./imports.ts";
import { root } from "./sources.ts";

/** What is loaded before a command does anything; loading takes longer than the work on a small tree. */
interface Loaded {
  readonly files: readonly string[];
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
  /** Modules of the runtime. */
  readonly builtIns: readonly string[];
}

let outputs: Bun.BuildMetafile["outputs"];
let inputs: Bun.BuildMetafile["inputs"];

beforeAll(async () => {
  const built = await Bun.build({
    ...BUNDLE_OPTIONS,
    entrypoints: ["src/main.ts", "src/worker.ts"],
    root,
    metafile: true,
  });
  ({ inputs = {}, outputs = {} } = built.metafile ?? {});
});

/** Follows imports from the given files, but not what is loaded on demand. */
function load(...files: string[]): Loaded {
  const chunks = new Set<string>();
  const follow = (chunk: string): void => {
    if (chunks.has(chunk)) return;
    chunks.add(chunk);
    for (const { path, kind } of outputs[chunk]?.imports ?? []) if (kind === "import-statement") follow(path);
  };
  for (const file of files) {
    const [chunk = ""] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === file) ?? [];
    expect(chunk, `${file} is loaded on demand`).not.toBe("");
    follow(chunk);
  }
  const loaded = [...chunks].flatMap((chunk) => Object.keys(outputs[chunk]?.inputs ?? {}));
  const builtIns = loaded.flatMap((file) => {
    // What our own code requires, and chunks, which count as external, are loaded on demand.
    const isOurs = file.startsWith("src/");
    const imports = (inputs[file]?.imports ?? []).filter(
      ({ kind }) => !isOurs || kind === "import-statement",
    );
    return imports.filter(({ path, external }) => external === true && !path.startsWith("./"));
  });
  return {
    files: loaded.toSorted(),
    rooms: sortedOnce(loaded.filter((file) => file.startsWith("src/")).map(roomOf)),
    packages: sortedOnce(
      loaded.flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []),
    ),
    builtIns: sortedOnce(builtIns.map(({ path }) => path.replace(/^node:/, ""))),
  };
}

const sortedOnce = (names: readonly string[]): string[] => [...new Set(names)].toSorted();

const loadCommand = (name: string, ...others: string[]): Loaded =>
  load("src/main.ts", "src/run-command.ts", `src/cli/commands/${name}.ts`, ...others);

/** Of the runtime's modules, all that are cheap: `node:fs` would take a third of an empty program, `node:stream` 3 ms. */
const CHEAP = ["bun:ffi", "bun:jsc"];

/** What is loaded when a key has been found. */
const PLACING = [
  "entry/load-trees",
  "restore/cache-use",
  "restore/describe-targets",
  "restore/place-entry",
].map((name) => `src/${name}.ts`);

test("--version loads the version", () => {
  const { files, builtIns } = load("src/main.ts");
  expect(files).toEqual(["package.json", "src/fs/node-fs.ts", "src/fs/write-out.ts", "src/main.ts"]);
  expect(builtIns).toEqual([]);
});

test("hash of a small file loads no command line, and nothing for larger files or directories", () => {
  const { rooms, packages, builtIns, files } = load("src/main.ts", "src/read/hash-at-once.ts");
  expect(rooms).toEqual(["base", "fs", "main.ts", "read"]);
  expect(files).not.toContain("src/read/hash-paths.ts");
  expect(packages).toEqual([]);
  expect(builtIns).toEqual(CHEAP);
});

test("hash loads nothing about caches, and what walks directories only for these", () => {
  const { rooms, packages, builtIns, files } = loadCommand("hash");
  expect(rooms).toEqual(["base", "cli", "fs", "main.ts", "manifest", "read", "run-command.ts", "work"]);
  expect(files).not.toContain("src/read/walk-tree.ts");
  expect(packages).toEqual([]);
  expect(builtIns).toEqual([...CHEAP, "fs"]);
});

const ROOMS_OF_A_MISS =
  "base bucket cache cli entry fs inventory key main.ts restore run-command.ts work".split(" ");

test("a miss loads nothing that places files, and of buckets only what tells that it is none", () => {
  const { rooms, packages, builtIns, files } = loadCommand("restore");
  expect(rooms).toEqual(ROOMS_OF_A_MISS);
  expect(files.filter((file) => roomOf(file) === "bucket")).toEqual(["src/bucket/address.ts"]);
  expect(packages).toEqual([]);
  expect(builtIns).toEqual(CHEAP);
});

test("a hit loads no buckets, archives or progress bars, and nothing that stores or cleans", () => {
  const { rooms, packages, builtIns, files } = loadCommand("restore", ...PLACING);
  expect(rooms).toEqual(
    [...ROOMS_OF_A_MISS, "durability", "manifest", "objects", "packs", "read", "sharing"].toSorted(),
  );
  expect(files).not.toContain("src/cli/progress/progress-bar.ts");
  const rare = [
    "existing-destination",
    "link-names",
    "make-directories",
    "mend-files",
    "note-damage",
    "pack-share",
  ];
  for (const name of rare) expect(files).not.toContain(`src/restore/${name}.ts`);
  expect(packages).toEqual(["ignore"]);
  expect(builtIns).toEqual(CHEAP);
});

test("a lookup that misses loads nothing that examines contents", () => {
  const { rooms, packages, builtIns } = loadCommand("lookup");
  expect(rooms).toEqual(
    "base bucket cache cli entry fs inventory key main.ts run-command.ts work".split(" "),
  );
  expect(packages).toEqual([]);
  expect(builtIns).toEqual(CHEAP);
});

test("only help and mistakes load the parser that knows everything", () => {
  const { packages } = load("src/cli/full-program.ts");
  expect(packages).toEqual(["@commander-js/extra-typings", "commander"]);
});
