import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeLaunchTable, libraryPathOffset, TABLE_SIZE } from "../../link/launcher.ts";
import { testWith } from "../support/requirements.ts";

const launcherDirectory = join(import.meta.dir, "../../link/launcher");

/** The compiler of the checked-in code; another version may choose other instructions. */
const COMPILER = "12.2.0";
const compilers = { "x86-64": "x86_64-linux-gnu-gcc", aarch64: "aarch64-linux-gnu-gcc" };

const hasVersion = (compiler: string): boolean =>
  Bun.spawnSync([compiler, "-dumpfullversion"]).stdout.toString().trim() === COMPILER;

for (const [processor, compiler] of Object.entries(compilers)) {
  const isMet = (): boolean => Bun.which(compiler) !== null && hasVersion(compiler);
  testWith(
    ["linux", { name: `${compiler} ${COMPILER}`, isMet }],
    `the launcher's code for ${processor} is what its source compiles to`,
    () => {
      const scratch = mkdtempSync(join(tmpdir(), "btdt-launcher-"));
      const output = join(scratch, "launcher.bin");
      const build = Bun.spawnSync([join(launcherDirectory, "build.sh"), processor, output]);
      expect(build.stderr.toString()).toBe("");
      const kept = readFileSync(join(launcherDirectory, `${processor}.bin`));
      expect(Buffer.compare(readFileSync(output), kept)).toBe(0);
      rmSync(scratch, { recursive: true });
    },
  );
}

test("the launcher fits one page", () => {
  for (const processor of Object.keys(compilers))
    expect(readFileSync(join(launcherDirectory, `${processor}.bin`)).length).toBeLessThan(4096);
});

test("the table has the layout of launcher.h", () => {
  const libraries = {
    "libc.so.6": { address: 0x1000, sizeBytes: 10, fileOffset: 0x100 },
    "libm.so.6": { address: 0x2000, sizeBytes: 20, fileOffset: 0x200 },
  };
  const table = Buffer.from(
    encodeLaunchTable({
      programHeadersAddress: 1,
      programHeaderCount: 2,
      programEntry: 3,
      loaderBase: 4,
      loaderEntry: 5,
      handOver: 6,
      mapsFromExecutable: true,
      libraries,
    }),
  );
  expect(table.length).toBe(TABLE_SIZE);
  const longs = Array.from({ length: 13 }, (_, index) => Number(table.readBigInt64LE(index * 8)));
  expect(longs).toEqual([1, 2, 3, 4, 5, 6, 1, -1, 2, 0x1000, 10, 0x100, 0]);
  expect(table.subarray(120, 130).toString()).toBe("libc.so.6\0");
  expect(libraryPathOffset("libc.so.6")).toBe(152);
  expect(table.subarray(152, 167).toString()).toBe("/proc/self/fd/\0");
  expect(libraryPathOffset("libm.so.6")).toBe(272);
});
