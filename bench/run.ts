/**
 * Compares btdt with the tools one would use without it: `npm run bench [-- --rounds N --directory DIR]`.
 *
 * Everything happens below one directory, so on one file system, with warm caches. Nothing is deleted before the end: ext4 is slow
 * to make directories for a while after many were removed.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { installTree } from "./install-tree.ts";
import { type Contender, measure } from "./measure.ts";
import { report, say } from "./report.ts";

const LARGE_FILE_BYTES = 2 ** 30;

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, directory: { type: "string", default: tmpdir() } },
});
const rounds = Number(values.rounds);
const btdt = join(import.meta.dir, "..", "dist", "btdt");
const tree = installTree();
mkdirSync(values.directory, { recursive: true });
const work = mkdtempSync(join(values.directory, "btdt-bench-"));
try {
  compareTrees();
  compareHashes();
  compareStarts();
} finally {
  rmSync(work, { recursive: true, force: true });
}

function compareTrees(): void {
  const source = join(work, "source");
  must("cp", "-a", tree, source);
  const cache = (round: number | string): string => join(work, `cache-${round}`);
  const files = Bun.spawnSync(["find", source, "-type", "f"]).stdout.toString().split("\n").length - 1;
  say(`${files.toLocaleString("en-US")} files in ${source}, ${rounds} rounds`);
  const archive = join(work, "tree.tar");

  report(
    "store",
    measure(
      [
        {
          name: "btdt store",
          command: [btdt, "store", "--keys", "tree"],
          prepare: (round) => mkdirSync(cache(round)),
          extraWords: (round) => ["--cache", cache(round), source],
        },
        { name: "tar c", command: ["tar", "cf", archive, "-C", source, "."] },
      ],
      rounds,
    ),
  );

  const target = (name: string, round: number): string => join(work, `${name}-${round}`);
  report(
    "restore",
    measure(
      [
        {
          name: "btdt restore",
          command: [btdt, "restore", "--cache", cache(0), "--keys", "tree"],
          extraWords: (round) => [target("restored", round)],
        },
        { name: "cp -al", command: ["cp", "-al", source], extraWords: (round) => [target("linked", round)] },
        {
          name: "tar x",
          command: ["tar", "xf", archive],
          prepare: (round) => mkdirSync(target("extracted", round)),
          extraWords: (round) => ["-C", target("extracted", round)],
        },
      ],
      rounds,
    ),
  );
}

function compareHashes(): void {
  const large = join(work, "large");
  const descriptor = openSync(large, "w");
  const block = new Uint8Array(2 ** 20);
  for (let written = 0; written < LARGE_FILE_BYTES; written += block.length) {
    for (let offset = 0; offset < block.length; offset += 2 ** 16) {
      crypto.getRandomValues(block.subarray(offset, offset + 2 ** 16));
    }
    writeSync(descriptor, block);
  }
  closeSync(descriptor);
  const contenders: Contender[] = [
    { name: "btdt hash", command: [btdt, "hash", large] },
    { name: "btdt hash, one thread", command: ["taskset", "-c", "0", btdt, "hash", large] },
    { name: "sha256sum", command: ["sha256sum", large] },
  ];
  if (Bun.which("b3sum") !== null) contenders.push({ name: "b3sum", command: ["b3sum", large] });
  report("hash of 1 GiB", measure(contenders, rounds));
}

function compareStarts(): void {
  const lockFile = join(import.meta.dir, "..", "package-lock.json");
  report(
    "start-up",
    measure(
      [
        { name: "btdt hash package-lock.json", command: [btdt, "hash", lockFile] },
        { name: "btdt --version", command: [btdt, "--version"] },
        { name: "/bin/true", command: ["/bin/true"] },
      ],
      rounds * 10,
    ),
  );
}

function must(...command: string[]): void {
  const run = Bun.spawnSync(command);
  if (run.exitCode !== 0) throw new Error(`${command.join(" ")} failed: ${run.stderr.toString()}`);
}
