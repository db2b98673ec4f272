import { expect } from "bun:test";
import { appendFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { readClock } from "../../src/fs/file-clock.ts";
import { compareTrees } from "../support/compare-trees.ts";
import { BTDT, btdt, must } from "../support/executable.ts";
import { mountImage } from "../support/mounts.ts";
import { describeWith, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree, symlink } from "../support/tree.ts";

const scratch = Scratch.use();

const coarse = {
  "ext4 with 128-byte inodes": () => mountImage(scratch, "volume", "ext4", ["-I", "128"]),
  "XFS without bigtime": () => mountImage(scratch, "volume", "xfs", ["-m", "bigtime=0,reflink=0"]),
};

/** With times that the volume may not be able to hold; `control` is what it makes of a copy. */
function makeTrees(volume: string): void {
  makeTree(
    scratch.path("tree"),
    dir(
      {
        fractions: file("fractions", { mtime: "@1700000000.123456789" }),
        large: file(Buffer.alloc(5 * 1024 * 1024, "large"), { mtime: "@1700000000.987654321" }),
        early: file("before 1970", { mtime: "@-86400.25" }),
        link: symlink("fractions", "@1700000000.5"),
        d: dir({ f: file("f", { mtime: "@1700000001.1" }) }, { mtime: "@1700000000.75" }),
      },
      { mtime: "@1700000000.75" },
    ),
  );
  must(["cp", "-a", scratch.path("tree"), `${volume}/control`]);
}

for (const [name, mount] of Object.entries(coarse)) {
  describeWith(["mount", "mkfs.ext4", "mkfs.xfs"], name, () => {
    testWith([], "a cache there: nothing is edited, mended or rewritten because of its times", () => {
      const volume = mount();
      makeTrees(volume);
      const cache = `${volume}/cache`;
      must(["mkdir", cache]);
      for (const storage of ["packs", "objects"]) {
        const at = ["-c", cache, "-k", storage];
        must([BTDT, "store", ...at, "--storage", storage, "--link", "hard", scratch.path("tree")]);
        for (const to of ["first", "second", "third"]) {
          const restored = btdt(["restore", ...at, "--link", "hard", `${volume}/${to}`]);
          expect(restored).toMatchObject({ exitCode: 0 });
          expect(restored.stderr).not.toMatch(/mended|changed|warning/);
          expect(compareTrees(`${volume}/control`, `${volume}/${to}`)).toEqual([]);
        }
        const again = btdt(["restore", ...at, "--link", "hard", `${volume}/first`]);
        expect(again.stderr).toContain("4 unchanged");
        expect(readdirSync(`${cache}/btdt-v1/edited-paths`)).toEqual([]);
        expect(btdt(["verify", "-c", cache])).toMatchObject({ exitCode: 0 });
        expect(btdt(["clean", "-c", cache]).stdout).toContain("Kept");
        for (const to of ["first", "second", "third"]) rmSync(`${volume}/${to}`, { recursive: true });
      }
    });

    testWith([], "a tree there: what is up to date is left alone, and edits are still found", () => {
      const volume = mount();
      makeTrees(volume);
      const at = ["-c", scratch.directory("cache"), "-k", "k"];
      must([BTDT, "store", ...at, scratch.path("tree")]);
      must([BTDT, "restore", ...at, `${volume}/to`]);
      const before = statSync(`${volume}/to/fractions`).ino;
      expect(btdt(["restore", ...at, `${volume}/to`]).stderr).toContain("4 unchanged");
      expect(statSync(`${volume}/to/fractions`).ino).toBe(before);
      appendFileSync(`${volume}/to/d/f`, "!");
      must(["touch", `${volume}/to/early`]);
      expect(btdt(["restore", ...at, `${volume}/to`]).stderr).toContain("2 unchanged");
      expect(compareTrees(`${volume}/control`, `${volume}/to`)).toEqual([]);
    });

    testWith([], "a time that it cannot hold is named in one warning, and is no damage later", () => {
      const volume = mount();
      makeTree(
        scratch.path("tree"),
        dir({
          late: file("late", { mtime: "@9000000000" }),
          usual: file("usual"),
        }),
      );
      must(["cp", "-a", scratch.path("tree"), `${volume}/control`]);
      must(["mkdir", `${volume}/cache`]);
      const at = ["-c", `${volume}/cache`, "-k", "k"];
      must([BTDT, "store", ...at, scratch.path("tree")]);
      for (const to of ["to", "to", "again"]) {
        const restored = btdt(["restore", ...at, `${volume}/${to}`]);
        expect(restored.exitCode).toBe(0);
        expect(restored.stderr.match(/warning/g)).toHaveLength(1);
        expect(restored.stderr).toContain("1 modification time was changed");
        expect(restored.stderr).toContain("holds only 1901 to 2038");
        expect(compareTrees(`${volume}/control`, `${volume}/${to}`, { withRoot: false })).toEqual([]);
      }
    });

    testWith([], "what objects have is not packed as well, and deleted from packs", () => {
      const volume = mount();
      makeTrees(volume);
      for (const storages of [
        ["objects", "packs"],
        ["packs", "objects"],
      ]) {
        const cache = `${volume}/${storages.join("-")}`;
        must(["mkdir", cache]);
        for (const storage of storages)
          must([BTDT, "store", "-c", cache, "-k", storage, "--storage", storage, scratch.path("tree")]);
        const packed = (): string[] => readdirSync(`${cache}/btdt-v1/packs`);
        expect(packed()).toHaveLength(storages[0] === "packs" ? 1 : 0);
        must([BTDT, "clean", "-c", cache]);
        expect(packed()).toEqual([]);
        expect(btdt(["restore", "-c", cache, "-k", "packs", `${volume}/to`]).exitCode).toBe(0);
        expect(compareTrees(`${volume}/control`, `${volume}/to`)).toEqual([]);
        rmSync(`${volume}/to`, { recursive: true });
      }
    });

    testWith([], "its clock is read without leaving anything", () => {
      const volume = mount();
      const clock = readClock(bytesFromText(volume));
      expect(clock).toEqual({
        granularityNanoseconds: name.startsWith("ext4") ? 1_000_000_000 : 1,
        firstSeconds: -(2 ** 31),
        lastSeconds: 2 ** 31 - 1,
      });
      expect(readdirSync(volume).filter((each) => each !== "lost+found")).toEqual([]);
    });
  });
}
