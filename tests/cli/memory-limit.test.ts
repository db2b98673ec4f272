import { expect } from "bun:test";
import { randomBytes } from "node:crypto";
import { accessSync, constants, mkdirSync, mkdtempSync, rmdirSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BTDT, run } from "../support/executable.ts";
import { type Condition, testWith } from "../support/requirements.ts";
import { diskDirectory, Scratch } from "../support/scratch.ts";

const scratch = Scratch.useDisk();

const TMPFS_MAGIC = 0x0102_1994;

/** Where control groups that limit memory can be made, in either version, and the file with the limit. */
const PLACES = [
  { parent: "/sys/fs/cgroup/memory", file: "memory.limit_in_bytes" },
  { parent: "/sys/fs/cgroup", file: "memory.max" },
] as const;

const findPlace = () => PLACES.find(({ parent, file }) => hasLimits(parent, file));

function hasLimits(parent: string, file: string): boolean {
  let group: string | undefined;
  try {
    accessSync(parent, constants.W_OK);
    group = mkdtempSync(join(parent, "btdt-test-"));
    accessSync(join(group, file), constants.W_OK);
    return true;
  } catch {
    return false;
  } finally {
    if (group !== undefined) rmdirSync(group);
  }
}

const memoryController: Condition = {
  name: "a cgroup in which memory can be limited",
  isMet: () => findPlace() !== undefined,
};

/** Files in memory would count. */
const disk: Condition = {
  name: "a disk for temporary files",
  isMet: () => statfsSync(diskDirectory()).type !== TMPFS_MAGIC,
};

/** Less than two threads need with blocks of 4 MiB; with one, there are eight megabytes to spare. */
const LIMIT_BYTES = 36 * 1024 ** 2;
const FILE_COUNT = 800;
const FILE_BYTES = 60_000;

/** Files that compress to half of their size. */
function makeTree(path: string): void {
  for (let file = 0; file < FILE_COUNT; file++) {
    const directory = join(path, `${file % 20}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `${file}`), randomBytes(FILE_BYTES / 2).toString("hex"));
  }
}

testWith(
  ["linux", "root", memoryController, disk],
  "in a small control group, trees are stored and restored with fewer threads",
  () => {
    const { parent, file } = findPlace() ?? PLACES[0];
    const source = scratch.path("node_modules");
    makeTree(source);
    const group = mkdtempSync(join(parent, "btdt-test-"));
    const within = (...words: string[]): number | null =>
      run(["sh", "-c", `echo $$ > "$0/cgroup.procs" && exec "$@"`, group, BTDT, ...words]).exitCode;
    try {
      writeFileSync(join(group, file), `${LIMIT_BYTES}`);
      for (const storage of ["packs", "objects"]) {
        const cache = scratch.directory(`cache-${storage}`);
        const target = join(scratch.directory(storage), "node_modules");
        const results = [
          within("store", "-c", cache, "-k", "key", "--storage", storage, "--durability", "none", source),
          within("restore", "-c", cache, "-k", "key", target),
        ];
        expect([storage, ...results]).toEqual([storage, 0, 0]);
        expect(run(["diff", "-r", source, target])).toEqual({ exitCode: 0, stdout: "", stderr: "" });
      }
    } finally {
      rmdirSync(group);
    }
  },
);
