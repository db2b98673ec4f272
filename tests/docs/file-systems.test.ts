import { afterEach, expect, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { SlowVolume } from "../../bench/slow-volume/slow-volume.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt, type Finished, must } from "../support/executable.ts";
import { mountFuse, mountTmpfs } from "../support/mounts.ts";
import { type Requirement, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.useDisk();

const WITHOUT_LINKS = "FUSE without hard links";

interface Row {
  readonly store: string;
  readonly restore: string;
}

const page = readFileSync(new URL("../../docs/file-systems.md", import.meta.url), "utf8");
const rows = new Map(
  [...page.matchAll(/^\| ([^|]+) \| ([a-z]+) \| ([a-z]+) \|/gm)].map(
    ([, name = "", store = "", restore = ""]): [string, Row] => [name, { store, restore }],
  ),
);

/** Where the cache and the tree are. */
interface Place {
  readonly cache: string;
  readonly trees: string;
}

function mountImage(name: string, ...mkfs: string[]): string {
  const [image, path] = [scratch.path(`${name}.img`), scratch.directory(name)];
  must(["truncate", "-s", "320M", image]);
  must([...mkfs, image]);
  must(["mount", "-o", "loop", image, path]);
  scratch.noteMount(path);
  return path;
}

const both = (path: string): Place => ({ cache: join(path, "cache"), trees: join(path, "trees") });

function bind(source: string, name: string): string {
  const path = scratch.directory(name);
  must(["mount", "--bind", source, path]);
  scratch.noteMount(path);
  return path;
}

function mountOverlay(): string {
  const memory = mountTmpfs(scratch, "memory");
  const [upper, work] = [join(memory, "upper"), join(memory, "work")];
  for (const path of [upper, work]) mkdirSync(path);
  const path = scratch.directory("overlay");
  const options = `lowerdir=${scratch.directory("lower")},upperdir=${upper},workdir=${work}`;
  must(["mount", "-t", "overlay", "-o", options, "overlay", path]);
  scratch.noteMount(path);
  return path;
}

const KERNEL_VFAT: Requirement = {
  name: "vfat in the kernel",
  isMet: () => /\tvfat$/m.test(readFileSync("/proc/filesystems", "utf8")),
};

const FUSE_DRIVER = ["cc", "/usr/include/fuse3/fuse_lowlevel.h"];
const volumes: SlowVolume[] = [];

/** A FUSE volume whose driver answers `errno` to `link`. */
async function mountWithoutLinks(errno: number): Promise<Place> {
  const path = scratch.directory("volume");
  const volume = await SlowVolume.mount(scratch.directory("below"), path);
  volumes.push(volume);
  await volume.fail("link", errno);
  return both(path);
}

afterEach(async () => {
  for (const volume of volumes.splice(0)) await volume.unmount();
});

/** By the first cell of their rows. */
const MOUNTS: Readonly<Record<string, readonly [readonly Requirement[], () => Place | Promise<Place>]>> = {
  ext4: [["mkfs.ext4"], () => both(mountImage("ext4", "mkfs.ext4", "-q", "-F"))],
  "XFS with reflinks": [["mkfs.xfs"], () => both(mountImage("xfs", "mkfs.xfs", "-q", "-m", "reflink=1"))],
  btrfs: [["mkfs.btrfs"], () => both(mountImage("btrfs", "mkfs.btrfs", "-q"))],
  tmpfs: [[], () => both(mountTmpfs(scratch, "tmpfs"))],
  overlayfs: [[], () => both(mountOverlay())],
  "FUSE (bindfs)": [["bindfs"], () => both(mountFuse(scratch, scratch.directory("below"), "fuse"))],
  vfat: [["mkfs.vfat", KERNEL_VFAT], () => both(mountImage("vfat", "mkfs.vfat"))],
  [WITHOUT_LINKS]: [FUSE_DRIVER, () => mountWithoutLinks(constants.errno.EPERM)],
  "two file systems": [
    [],
    () => ({
      cache: join(mountTmpfs(scratch, "a"), "cache"),
      trees: join(mountTmpfs(scratch, "b"), "trees"),
    }),
  ],
  "two mounts of one file system": [
    [],
    () => {
      const memory = mountTmpfs(scratch, "memory");
      for (const name of ["a", "b"]) mkdirSync(join(memory, name));
      return {
        cache: join(bind(join(memory, "a"), "a"), "cache"),
        trees: join(bind(join(memory, "b"), "b"), "trees"),
      };
    },
  ],
  "two mounts of one XFS with reflinks": [
    ["mkfs.xfs"],
    () => {
      const xfs = mountImage("xfs", "mkfs.xfs", "-q", "-m", "reflink=1");
      return { cache: join(xfs, "cache"), trees: join(bind(xfs, "b"), "trees") };
    },
  ],
  "two subvolumes of one btrfs": [
    ["mkfs.btrfs"],
    () => {
      const btrfs = mountImage("btrfs", "mkfs.btrfs", "-q");
      const place = { cache: join(btrfs, "cache"), trees: join(btrfs, "trees") };
      for (const path of Object.values(place)) must(["btrfs", "subvolume", "create", path]);
      return place;
    },
  ],
};

for (const name of ["ENOSYS", "EOPNOTSUPP"] as const) {
  testWith(["mount", ...FUSE_DRIVER], `a volume without hard links may say so with ${name}`, async () => {
    const place = await mountWithoutLinks(constants.errno[name]);
    const stored = storeTree(place);
    const restored = btdt(["restore", "-c", place.cache, "-k", "key", join(place.trees, "to")]);
    expect({ store: outcomeOf(stored), restore: outcomeOf(restored) }).toEqual(
      rows.get(WITHOUT_LINKS) ?? { store: "", restore: "" },
    );
    expect(compareTrees(join(place.trees, "node_modules"), join(place.trees, "to"))).toEqual([]);
  });
}

const READ_ONLY = "a read-only squashfs for the cache";

/** `packed` of `btdt: stored 3 files, 20 KiB as k: 3 packed in 0.1 s`. */
function outcomeOf({ stderr }: Finished): string {
  return /: \d+ ([a-z]+)(?: \(\d+ mended\))? in /.exec(stderr)?.[1] ?? stderr;
}

function storeWords({ cache, trees }: Place): string[] {
  return ["store", "-c", cache, "-k", "key", join(trees, "node_modules")];
}

function storeTree(place: Place): Finished {
  for (const path of Object.values(place)) mkdirSync(path, { recursive: true });
  const large = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000)));
  makeTree(
    join(place.trees, "node_modules"),
    dir({ p: dir({ a: file("a"), b: file(large) }), c: file("c") }),
  );
  return btdt(storeWords(place));
}

test("the page has a row for each file system that is tried, and no other", () => {
  expect([...rows.keys()]).toEqual([...Object.keys(MOUNTS), READ_ONLY]);
});

for (const [name, [requirements, mount]] of Object.entries(MOUNTS)) {
  testWith(
    ["mount", ...requirements],
    `on ${name}, a store and a restore do what the page says`,
    async () => {
      const place = await mount();
      const stored = storeTree(place);
      const to = join(place.trees, "other", "node_modules");
      mkdirSync(join(place.trees, "other"));
      const restore = ["restore", "-c", place.cache, "-k", "key", to];
      const restored = btdt(restore);
      expect([stored.exitCode, restored.exitCode]).toEqual([0, 0]);
      expect({ store: outcomeOf(stored), restore: outcomeOf(restored) }).toEqual(
        rows.get(name) ?? { store: "", restore: "" },
      );
      expect(compareTrees(join(place.trees, "node_modules"), to)).toEqual([]);
      expect(outcomeOf(btdt(restore))).toBe("unchanged");
      const cleaned = btdt(["clean", "-c", place.cache, "--max-size", "0"]);
      expect([cleaned.exitCode, cleaned.stderr]).toEqual([0, ""]);
    },
  );
}

testWith(["mount", "mksquashfs"], `on ${READ_ONLY}, commands do what the page says`, () => {
  const place = both(mountTmpfs(scratch, "tmpfs"));
  expect(storeTree(place).exitCode).toBe(0);
  const image = scratch.path("cache.img");
  must(["mksquashfs", place.cache, image, "-quiet", "-no-progress"]);
  const cache = scratch.directory("squashfs");
  must(["mount", "-o", "loop,ro", image, cache]);
  scratch.noteMount(cache);
  const readOnly = { cache, trees: place.trees };
  const to = join(place.trees, "restored");
  const restored = btdt(["restore", "-c", cache, "-k", "key", to]);
  expect([restored.exitCode, outcomeOf(restored)]).toEqual([0, rows.get(READ_ONLY)?.restore ?? ""]);
  expect(compareTrees(join(place.trees, "node_modules"), to)).toEqual([]);
  const stored = btdt(storeWords(readOnly));
  expect([stored.exitCode, rows.get(READ_ONLY)?.store]).toEqual([1, "error"]);
  expect(stored.stderr).toContain("the file system is read-only");
  for (const words of [["list"], ["inspect"], ["verify"], ["export", "--format", "tar", "-k"]]) {
    const [command = "", ...options] = words;
    const key = command === "inspect" || command === "export" ? ["key"] : [];
    expect([command, btdt([command, "-c", cache, ...options, ...key]).exitCode]).toEqual([command, 0]);
  }
});
