import { expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readElf } from "../../link/elf.ts";
import { SEGMENT_LOAD } from "../../link/program-headers.ts";
import { testWith } from "../support/requirements.ts";
import { BareRoot } from "./bare-root.ts";
import { checkFourCommands } from "./four-commands.ts";
import { readNamed } from "./probe-executable.ts";

const root = join(import.meta.dir, "../..");

testWith(
  ["linux", "root", "unshare", "qemu-aarch64-static", "file", "glibc for both architectures"],
  "the arm64 executable runs all four commands with nothing but itself and /proc",
  () => {
    const scratch = mkdtempSync(join(tmpdir(), "btdt-arm64-"));
    // Bun's runtime for arm64 comes from the npm registry, once.
    const build = Bun.spawnSync(
      [process.execPath, "build.ts", "--target", "linux-arm64", "--out-dir", scratch],
      { cwd: root },
    );
    expect(build.stderr.toString()).not.toContain("compile-failed");
    const executable = join(scratch, "btdt-linux-arm64");
    expect(Bun.spawnSync(["file", executable]).stdout.toString()).toMatch(/ARM aarch64.*statically linked/);
    // Kernels for arm64 have pages of up to 64 KiB.
    const segments = readElf(readNamed(executable)).programHeaders.filter(
      ({ type }) => type === SEGMENT_LOAD,
    );
    expect(segments.filter(({ alignment }) => alignment < 0x10000)).toEqual([]);

    using bare = new BareRoot(executable);
    bare.add(Bun.which("qemu-aarch64-static") ?? "", "qemu");
    checkFourCommands(bare.runner({ command: ["/qemu", "/btdt"] }), bare.volume, "/data");
    rmSync(scratch, { recursive: true });
  },
);
