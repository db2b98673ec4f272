/**
 * Stores and restores one huge tree and one huge file:
 * `npm run bench:huge [-- --files N --file-size SIZE --rounds N --btdt FILE --at DIR]`. With 0, one is left out. Each
 * small file takes a block of the disk, unless its file system has them in inodes (`mkfs.ext4 -O inline_data`). With
 * libssl-dev, the store is also compared with a program in C.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatNumber } from "../../src/base/format-number.ts";
import { formatSize, parseSizeBytes } from "../../src/base/size.ts";
import { buildLimit } from "../limits/build-limit.ts";
import { say } from "../report.ts";
import { median, type TimedRun, timeRun } from "../timed-run.ts";
import { makeHugeFile, makeHugeTree } from "./huge-sources.ts";

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "5000000" },
    "file-size": { type: "string", default: "50GiB" },
    rounds: { type: "string", default: "1" },
    btdt: { type: "string", default: join(import.meta.dir, "..", "..", "dist", "btdt") },
    /** A directory on a disk that can hold all of it. */
    at: { type: "string", default: tmpdir() },
  },
});
const { btdt } = values;
const rounds = Number(values.rounds);
const fileCount = Number(values.files);
const fileSizeBytes = parseSizeBytes(values["file-size"]);
const work = mkdtempSync(join(values.at, "btdt-huge-"));
const cache = join(work, "cache");
const copy = join(work, "copy");
try {
  if (fileCount > 0) measureTree();
  if (fileSizeBytes > 0) measureFile();
} finally {
  rmSync(work, { recursive: true, force: true });
}

function measureTree(): void {
  // By its name, its files are package contents, which are linked.
  const tree = join(work, "node_modules");
  makeHugeTree(tree, fileCount);
  mkdirSync(copy);
  const limit = buildLimit("store-limit", work);
  const objects = join(copy, "objects");
  say(`\none tree of ${formatNumber(fileCount)} files`);
  measureInTurn([
    { name: "cp -al", command: ["cp", "-al", tree, join(copy, "cp")], garbage: join(copy, "cp") },
    // What no store can avoid, on as many threads.
    ...(limit === undefined
      ? []
      : [
          {
            name: "store in C",
            before: ["mkdir", objects],
            command: [limit, tree, objects, String(availableParallelism())],
            garbage: objects,
          },
        ]),
    // The last one stays, to be restored.
    { name: "btdt store", command: store("objects", tree), before: ["rm", "-rf", cache] },
    {
      name: "btdt restore",
      command: [btdt, "restore", "--cache", cache, "--keys=huge", join(copy, "node_modules")],
      garbage: join(copy, "node_modules"),
    },
  ]);
  for (const path of [cache, copy, tree]) timeRun(["rm", "-rf", path]);
}

function measureFile(): void {
  const file = join(work, "huge.img");
  makeHugeFile(file, fileSizeBytes);
  say(`\none file of ${formatSize(fileSizeBytes)}, nearly all of it zeros`);
  measureInTurn([
    { name: "cat", command: ["sh", "-c", 'cat "$0" > /dev/null', file] },
    { name: "btdt hash", command: [btdt, "hash", file] },
    { name: "btdt store", command: [...store("objects", file), "--link=hard"], garbage: cache },
    { name: "as packs", command: store("packs", file), garbage: cache },
  ]);
}

function store(storage: string, path: string): string[] {
  return [btdt, "store", "--create-cache", "--cache", cache, "--keys=huge", `--storage=${storage}`, path];
}

interface Step {
  readonly name: string;
  /** Runs before each round, untimed. */
  readonly before?: readonly string[];
  readonly command: readonly string[];
  /** What the command makes, which is removed after each round. */
  readonly garbage?: string;
}

function measureInTurn(steps: readonly Step[]): void {
  say(["".padEnd(14), ...["wall", "CPU", "memory"].map((heading) => heading.padStart(9))].join("  "));
  for (const { name, before, command, garbage } of steps) {
    const runs: TimedRun[] = [];
    for (let round = 0; round < rounds; round++) {
      if (before !== undefined) timeRun(before);
      runs.push(timeRun(command));
      if (garbage !== undefined) timeRun(["rm", "-rf", garbage]);
    }
    const cells = [
      `${(median(runs.map(({ wallMs }) => wallMs)) / 1000).toFixed(1)} s`,
      `${(median(runs.map(({ cpuMs }) => cpuMs)) / 1000).toFixed(1)} s`,
      formatSize(median(runs.map(({ memoryBytes }) => memoryBytes))),
    ];
    say([name.padEnd(14), ...cells.map((cell) => cell.padStart(9))].join("  "));
  }
}
