/**
 * How long btdt takes where each operation takes a millisecond, how many operations are in flight, and how much
 * processor time btdt and the volume's driver take. Once these two keep the processors busy, more operations in flight
 * gain nothing:
 * `npm run bench:slow [-- --delay-us N --rounds N --tree DIR --btdt FILE --only WORDS --kinds]`. Needs root, `cc` and
 * libfuse3; for the programs in C that hash or compress, also libssl-dev and libzstd-dev.
 *
 * The volume is remounted for each measurement, so that the kernel has none of its names cached.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildLimit } from "../limits/build-limit.ts";
import { say } from "../report.ts";
import { buildProgram, SlowVolume } from "./slow-volume.ts";

/** The package `next`, of 8,711 files. */
const PACKAGE = "next@16.4.6";

const { values } = parseArgs({
  options: {
    "delay-us": { type: "string", default: "1000" },
    rounds: { type: "string", default: "3" },
    /** A `node_modules` to use instead of one with the package. */
    tree: { type: "string" },
    /** Another executable. */
    btdt: { type: "string", default: join(import.meta.dir, "..", "..", "dist", "btdt") },
    /** Measure only what has this in its name. */
    only: { type: "string", default: "" },
    /** Also print the operations of each kind, and for how long how many were in flight. */
    kinds: { type: "boolean", default: false },
  },
});
const { btdt } = values;
const work = mkdtempSync(join(tmpdir(), "btdt-slow-"));
const far = makeDirectory("far");
const mountPoint = makeDirectory("mount");
const source = join(work, "node_modules");
let pathCount = 0;

interface Row {
  readonly name: string;
  readonly command: (round: number) => readonly string[];
}

try {
  const tree = values.tree ?? downloadPackage();
  for (const copy of [source, join(far, "node_modules")]) copyTree(tree, copy);
  const onVolume = join(mountPoint, "node_modules");
  const linked = join(mountPoint, "linked-cache");
  const packed = join(mountPoint, "packed-cache");
  prepare(join(far, "linked-cache"), join(far, "node_modules"), "objects");
  prepare(join(far, "packed-cache"), source, "packs");
  const linkLoop = buildProgram("link-loop", ["-lpthread"]);
  const storeLimit = buildLimit("store-limit", work);
  const packLimit = buildLimit("pack-limit", work);
  if (packLimit !== undefined) must(packLimit, "store", source, join(far, "limit"), "2");
  const keys = ["--keys", "tree"];
  const rows: readonly Row[] = [
    {
      name: "restore by links, cache and tree there",
      command: () => [btdt, "restore", "--cache", linked, ...keys, fresh(mountPoint)],
    },
    { name: "  cp -al", command: () => ["cp", "-al", onVolume, fresh(mountPoint)] },
    {
      name: "  lstat and link in C, 2 threads",
      command: () => [linkLoop, source, onVolume, fresh(mountPoint), "2"],
    },
    {
      name: "  lstat and link in C, 64 threads",
      command: () => [linkLoop, source, onVolume, fresh(mountPoint), "64"],
    },
    {
      name: "first store by links there",
      command: () => [
        btdt,
        "store",
        "--create-cache",
        "--cache",
        fresh(mountPoint, "cache"),
        ...keys,
        onVolume,
      ],
    },
    ...limits(storeLimit, "the same calls in C, 32 threads", () => [onVolume, fresh(mountPoint, ""), "32"]),
    ...limits(storeLimit, "the same calls in C, 64 threads", () => [onVolume, fresh(mountPoint, ""), "64"]),
    {
      name: "store that finds everything, links",
      command: () => [btdt, "store", "--cache", linked, ...keys, onVolume],
    },
    {
      name: "  tar | zstd -T0 -3",
      command: () => shell(`tar c -C "$0" . | zstd -qT0 -3 > "$1"`, onVolume, fresh(mountPoint)),
    },
    {
      name: "restore from packs to a local disk",
      command: () => [btdt, "restore", "--cache", packed, ...keys, fresh(work)],
    },
    ...limits(packLimit, "unpacking in C, 2 threads", () => [
      "restore",
      join(mountPoint, "limit"),
      fresh(work),
      "2",
    ]),
    {
      name: "first store as packs from a local disk",
      command: () => [
        btdt,
        "store",
        "--create-cache",
        "--storage",
        "packs",
        "--cache",
        fresh(mountPoint, "cache"),
        ...keys,
        source,
      ],
    },
    {
      name: "store that finds everything, packs",
      command: () => [btdt, "store", "--storage", "packs", "--cache", packed, ...keys, source],
    },
    ...limits(storeLimit, "reading and hashing in C, 2 threads", () => [source, "-", "2"]),
    {
      name: "first store as packs from there",
      command: () => [
        btdt,
        "store",
        "--create-cache",
        "--storage",
        "packs",
        "--cache",
        fresh(mountPoint, "cache"),
        ...keys,
        onVolume,
      ],
    },
    {
      name: "restore from packs to there",
      command: () => [btdt, "restore", "--link", "copy", "--cache", packed, ...keys, fresh(mountPoint)],
    },
    { name: "list", command: () => [btdt, "list", "--cache", packed] },
    { name: "list --sizes", command: () => [btdt, "list", "--sizes", "--cache", packed] },
    { name: "a miss", command: () => [btdt, "restore", "--cache", packed, "--keys", "other", fresh(work)] },
    {
      name: "verify, links",
      command: () => [btdt, "verify", "--cache", linked],
    },
    {
      name: "clean of everything",
      command: (round) => [btdt, "clean", "--max-age", "0s", "--cache", join(mountPoint, `copy-${round}`)],
    },
  ];
  say(`${(Number(values["delay-us"]) / 1000).toString()} ms an operation, ${values.rounds} rounds`);
  say(`${"".padEnd(40)}  median  operations  in flight  CPU     CPU of volume  memory`);
  for (const row of rows) {
    if (row.name.includes(values.only)) await report(row);
  }
} finally {
  Bun.spawnSync(["umount", "--lazy", mountPoint], { stderr: "ignore" });
  rmSync(work, { recursive: true, force: true });
}

/** A row for a program in C; none if it could not be built. */
function limits(program: string | undefined, name: string, words: () => readonly string[]): Row[] {
  return program === undefined ? [] : [{ name: `  ${name}`, command: () => [program, ...words()] }];
}

async function report({ name, command }: Row): Promise<void> {
  const timesMs: number[] = [];
  // Load only adds to it.
  let [cpuMs, driverCpuMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let operationCount = 0;
  let mostInFlight = 0;
  let memoryBytes = 0;
  for (let round = 0; round < Number(values.rounds); round++) {
    if (name.startsWith("clean")) must("cp", "-al", join(far, "linked-cache"), join(far, `copy-${round}`));
    const volume = await SlowVolume.mount(far, mountPoint);
    try {
      await volume.delay(Number(values["delay-us"]));
      await volume.takeCounts();
      const driverBeforeMs = volume.usedCpuMs();
      const startedNs = Bun.nanoseconds();
      const run = Bun.spawnSync([...command(round)], { stdio: ["ignore", "ignore", "pipe"] });
      timesMs.push((Bun.nanoseconds() - startedNs) / 1e6);
      driverCpuMs = Math.min(driverCpuMs, volume.usedCpuMs() - driverBeforeMs);
      cpuMs = Math.min(cpuMs, Number(run.resourceUsage.cpuTime.total) / 1000);
      memoryBytes = Math.max(memoryBytes, run.resourceUsage.maxRSS);
      const counts = await volume.takeCounts();
      // A miss is one of the rows.
      if (run.exitCode !== 0 && run.exitCode !== 4)
        throw new Error(`${name} failed: ${run.stderr.toString()}`);
      operationCount = Object.values(counts.operations).reduce((sum, count) => sum + count, 0);
      mostInFlight = Math.max(mostInFlight, counts.mostInFlight);
      if (values.kinds) say(JSON.stringify(counts));
    } finally {
      await volume.unmount();
    }
  }
  const median =
    timesMs.toSorted((left, right) => left - right)[Math.floor(timesMs.length / 2)] ?? Number.NaN;
  const cells = [`${(median / 1000).toFixed(2)} s`.padStart(7), `${operationCount}`.padStart(10)];
  const seconds = [cpuMs, driverCpuMs].map((ms) => `${(ms / 1000).toFixed(2)} s`.padStart(7));
  const memory = `${Math.round(memoryBytes / 1e6)} MB`.padStart(13);
  const columns = [cells.join("  "), String(mostInFlight).padStart(9), ...seconds, memory];
  say(`${name.padEnd(40)} ${columns.join("  ")}`);
}

function prepare(cache: string, tree: string, storage: string): void {
  must(btdt, "store", "--create-cache", "--storage", storage, "--cache", cache, "--keys", "tree", tree);
}

/** By links, unless the tree is on another volume than the temporary directory. */
function copyTree(tree: string, copy: string): void {
  const isSame = statSync(tree).dev === statSync(work).dev;
  must("cp", isSame ? "-al" : "-a", tree, copy);
}

function makeDirectory(name: string): string {
  const path = join(work, name);
  mkdirSync(path);
  return path;
}

/** A path in a new directory on the volume or beside it. Nothing is deleted before the end. */
function fresh(parent: string, name = "node_modules"): string {
  const directory = `new-${(pathCount += 1)}`;
  mkdirSync(join(parent === mountPoint ? far : parent, directory));
  return join(parent, directory, name);
}

function shell(script: string, ...words: string[]): string[] {
  return ["sh", "-c", script, ...words];
}

/** Returns a `node_modules` with the package, downloaded once. Nothing in it is ever run. */
function downloadPackage(): string {
  const directory = join(tmpdir(), `btdt-${PACKAGE}`);
  if (existsSync(directory)) return directory;
  const unfinished = `${directory}.${process.pid}`;
  mkdirSync(join(unfinished, "next"), { recursive: true });
  const archive = must("npm", "pack", "--silent", "--pack-destination", unfinished, PACKAGE).trim();
  must("tar", "xzf", join(unfinished, archive), "-C", join(unfinished, "next"), "--strip-components=1");
  rmSync(join(unfinished, archive));
  renameSync(unfinished, directory);
  return directory;
}

/** Returns what it prints. */
function must(...command: string[]): string {
  const run = Bun.spawnSync(command);
  if (run.exitCode !== 0) throw new Error(`${command.join(" ")} failed: ${run.stderr.toString()}`);
  return run.stdout.toString();
}
