import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { emptyStatus } from "../../src/fs/native/file-status.ts";
import { InodeGroups } from "../../src/read/inode-groups.ts";
import { InodeRows } from "../../src/read/inode-rows.ts";

interface Inode {
  readonly device: number;
  readonly inodeHigh: number;
  readonly inodeLow: number;
}

function statusOf(inode: Inode, linkCount: number) {
  return { ...emptyStatus(), ...inode, linkCount };
}

/** Few different numbers, among them those that differ in one word only. */
const word = fc.constantFrom(0, 1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff);
const inodes: fc.Arbitrary<Inode> = fc.record({
  device: fc.tuple(word, word).map(([major, minor]) => (major % 4096) * 2 ** 32 + minor),
  inodeHigh: word,
  inodeLow: fc.oneof(word, fc.nat({ max: 20 })),
});

test("files with the same inode are found, in whatever order their batches were read", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(inodes, fc.boolean()), { maxLength: 200 }),
      fc.integer({ min: 1, max: 20 }),
      fc.boolean(),
      (files, batchFiles, isReversed) => {
        const batches: { firstFile: number; rows: Uint32Array }[] = [];
        for (let firstFile = 0; firstFile < files.length; firstFile += batchFiles) {
          const rows = new InodeRows(batchFiles);
          for (const [position, [inode, hasMore]] of files
            .slice(firstFile, firstFile + batchFiles)
            .entries()) {
            if (hasMore) rows.add(position, statusOf(inode, position + 2));
          }
          batches.push({ firstFile, rows: rows.take() });
        }
        const groups = new InodeGroups();
        for (const { firstFile, rows } of isReversed ? batches.toReversed() : batches)
          groups.add(firstFile, rows);
        const names = groups.list();

        const expected: [number, number, number][] = [];
        const firsts = new Map<string, number>();
        for (const [file, [inode, hasMore]] of files.entries()) {
          if (!hasMore) continue;
          const key = JSON.stringify([inode.device, inode.inodeHigh, inode.inodeLow]);
          const first = firsts.get(key);
          if (first === undefined) firsts.set(key, file);
          else expected.push([file, first, (file % batchFiles) + 2]);
        }
        const found = Array.from(names.files, (file, link) => [
          file,
          names.targets[link],
          names.linkCounts[link],
        ]);
        expect(found).toEqual(expected);
      },
    ),
    { numRuns: 500 },
  );
});

test("no file has several names", () => {
  const groups = new InodeGroups();
  groups.add(0, new InodeRows(5).take());
  expect(groups.list().files).toHaveLength(0);
});

test("a hundred thousand inodes that follow each other", () => {
  const groups = new InodeGroups();
  const count = 100_000;
  for (let firstFile = 0; firstFile < count; firstFile += 400) {
    const rows = new InodeRows(400);
    for (let position = 0; position < 400; position++) {
      const inode = (firstFile + position) % (count / 2);
      rows.add(position, statusOf({ device: 5, inodeHigh: 0, inodeLow: inode }, 2));
    }
    groups.add(firstFile, rows.take());
  }
  const { files, targets } = groups.list();
  expect(files).toHaveLength(count / 2);
  expect(files[0]).toBe(count / 2);
  expect(targets.at(-1)).toBe(count / 2 - 1);
});
