import { appendFileSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { formatSize } from "../src/base/size.ts";
import { type Contender, measure } from "./measure.ts";
import { report, say } from "./report.ts";

/** Every hundredth file gets another content for the second store. */
const CHANGED_EVERY = 100;

export interface PackBench {
  readonly btdt: string;
  readonly source: string;
  /** Empty, and on the file system of the source. */
  readonly near: string;
  /** Empty; for the caches and archives, perhaps on another file system. */
  readonly far: string;
  readonly rounds: number;
}

/** Packs against the pipe that one would use without btdt: times, sizes, and what a second store adds. */
export function comparePacks({ btdt, source, near, far, rounds }: PackBench): void {
  const archive = join(far, "tree.tar.zst");
  const cache = (name: string, round: number | string): string => join(far, `${name}-${round}`);
  const store = (name: string, tree: string): Contender => ({
    name: `btdt store, ${name}`,
    command: [btdt, "store", "--storage", "packs", "--keys", "tree"],
    prepare: (round) => mkdirSync(cache(name, round)),
    extraWords: (round) => ["--cache", cache(name, round), tree],
  });
  report(
    `packs: store from ${near} to ${far}`,
    measure(
      [
        store("first", source),
        {
          name: "tar c | zstd -T0 -3",
          command: ["sh", "-c", 'tar c -C "$1" . | zstd -T0 -3 -q -f -o "$2"', "sh", source, archive],
        },
      ],
      rounds,
    ),
  );
  const [ours, theirs] = [sizeOf(cache("first", 0)), statSync(archive).size];
  say(`cache ${formatSize(ours)}, archive ${formatSize(theirs)}: ${(ours / theirs).toFixed(2)} x`);

  const target = (name: string, round: number): string => join(near, `${name}-${round}`);
  report(
    `packs: restore from ${far} to ${near}`,
    measure(
      [
        {
          name: "btdt restore",
          command: [btdt, "restore", "--link", "copy", "--cache", cache("first", 0), "--keys", "tree"],
          extraWords: (round) => [target("unpacked", round)],
        },
        {
          name: "zstd -dc | tar x",
          command: ["sh", "-c", 'zstd -dc "$1" | tar x -C "$2"', "sh", archive],
          prepare: (round) => mkdirSync(target("extracted", round)),
          extraWords: (round) => [target("extracted", round)],
        },
      ],
      rounds,
    ),
  );

  const changed = join(near, "changed");
  Bun.spawnSync(["cp", "-a", source, changed]);
  changeSome(changed);
  const again = store("again", changed);
  report(
    "packs: second store with 1 % of the files changed",
    measure(
      [
        {
          ...again,
          prepare: (round) => {
            again.prepare?.(round);
            Bun.spawnSync([
              btdt,
              "store",
              "--storage",
              "packs",
              "--keys",
              "old",
              "--cache",
              cache("again", round),
              source,
            ]);
          },
        },
        store("everything", changed),
      ],
      rounds,
    ),
  );
  const [before, after] = [sizeOf(cache("first", 0)), sizeOf(cache("again", 0))];
  say(
    `the second store adds ${formatSize(after - before)}: ${(((after - before) / before) * 100).toFixed(1)} %`,
  );
}

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true })
    .map((name) => statSync(join(directory, String(name))))
    .reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0);
}

function changeSome(tree: string): void {
  const files = readdirSync(tree, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (let index = 0; index < files.length; index += CHANGED_EVERY) {
    const entry = files[index];
    if (entry !== undefined) appendFileSync(join(entry.parentPath, entry.name), `// ${index}\n`);
  }
}
