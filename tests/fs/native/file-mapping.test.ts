import { expect, test } from "bun:test";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FileMapping } from "../../../src/fs/native/file-mapping.ts";
import { isOnLocalFileSystem } from "../../../src/fs/native/local-file-system.ts";
import { must } from "../../support/executable.ts";
import { mountFuse, mountTmpfs } from "../../support/mounts.ts";
import { testWith } from "../../support/requirements.ts";
import { Scratch } from "../../support/scratch.ts";

const scratch = Scratch.use();

function whetherMapped(path: string): { readonly isLocal: boolean; readonly isMapped: boolean } {
  const descriptor = openSync(path, "r");
  try {
    const mapping = FileMapping.tryOpen(descriptor, 0, 7);
    mapping?.close();
    return { isLocal: isOnLocalFileSystem(descriptor), isMapped: mapping !== undefined };
  } finally {
    closeSync(descriptor);
  }
}

testWith(
  ["mount"],
  "files on a local file system are mapped; on one that may lie on anything they are not",
  () => {
    const local = mountTmpfs(scratch, "local");
    writeFileSync(join(local, "f"), "content");
    expect(whetherMapped(join(local, "f"))).toEqual({ isLocal: true, isMapped: true });
    for (const name of ["lower", "upper", "work", "merged"]) must(["mkdir", join(local, name)]);
    writeFileSync(join(local, "lower", "f"), "content");
    const layers = ["lower", "upper", "work"].map((name) => `${name}dir=${join(local, name)}`);
    must(["mount", "-t", "overlay", "-o", layers.join(), "btdt-test", join(local, "merged")]);
    scratch.noteMount(join(local, "merged"));
    expect(whetherMapped(join(local, "merged", "f"))).toEqual({ isLocal: false, isMapped: false });
  },
);

testWith(["mount", "bindfs"], "nor are they on FUSE, which grants the lease", () => {
  const below = scratch.directory("below");
  writeFileSync(join(below, "f"), "content");
  expect(whetherMapped(join(mountFuse(scratch, below, "fuse"), "f"))).toEqual({
    isLocal: false,
    isMapped: false,
  });
});

test("a file system without real files is not local", () => {
  expect(whetherMapped("/proc/self/status").isLocal).toBe(false);
  expect(isOnLocalFileSystem(-1)).toBe(false);
});
