import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BuildError } from "../../link/build-error.ts";
import type { NamedBytes } from "../../link/elf-file.ts";
import type { Libc } from "../../link/libc.ts";
import { planStaticLink } from "../../link/static-link.ts";
import { describeWith } from "../support/requirements.ts";
import { buildProbe, hostLauncher, hostLibc, readNamed } from "./probe-executable.ts";

/** A fixed sequence of numbers in [0, 1). */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

describeWith(["linux"], "a malformed executable", () => {
  let scratch = "";
  let probe: NamedBytes;
  let libc: Libc;
  const launcher = hostLauncher();
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "btdt-malformed-"));
    buildProbe(join(scratch, "probe"), { dynamic: true });
    probe = readNamed(join(scratch, "probe"));
    libc = hostLibc();
  });
  afterAll(() => rmSync(scratch, { recursive: true }));

  /** The code of the refusal, or "accepted"; any other exception is a crash. */
  const outcome = (bytes: Uint8Array, of: Libc = libc): string => {
    try {
      planStaticLink({ path: "input", bytes }, of, launcher);
      return "accepted";
    } catch (error) {
      if (error instanceof BuildError) return error.code;
      throw error;
    }
  };

  test("truncated anywhere is rejected", () => {
    const { length } = probe.bytes;
    const accepted: number[] = [];
    // Every length of the headers and of the tail with the section headers, and every page between.
    for (let size = 0; size < length; size += size < 20_000 || size > length - 20_000 ? 1 : 509) {
      if (outcome(probe.bytes.subarray(0, size)) === "accepted") accepted.push(size);
    }
    expect(accepted).toEqual([]);
  });

  /** Where everything is that the link step relies on, as `readelf` finds it too: headers and dynamic tables. */
  const structure = (): [start: number, end: number][] => {
    const view = new DataView(probe.bytes.buffer, probe.bytes.byteOffset, probe.bytes.byteLength);
    const headers: [number, number][] = [[0, 64 + 56 * view.getUint16(56, true)]];
    const sections = Number(view.getBigUint64(40, true));
    for (let index = 0; index < view.getUint16(60, true); index++) {
      const type = view.getUint32(sections + index * 64 + 4, true);
      const offset = Number(view.getBigUint64(sections + index * 64 + 24, true));
      const size = Number(view.getBigUint64(sections + index * 64 + 32, true));
      // The dynamic section and the needed versions.
      if (type === 6 || type === 0x6ffffffe) headers.push([offset, offset + size]);
    }
    return headers;
  };

  test("with any one structural byte changed is rejected", () => {
    const accepted: string[] = [];
    for (const [start, end] of structure()) {
      for (let offset = start; offset < end; offset++) {
        const original = probe.bytes[offset] ?? 0;
        for (const mask of [0x01, 0x10, 0x80, 0xff]) {
          probe.bytes[offset] = original ^ mask;
          if (outcome(probe.bytes) === "accepted") accepted.push(`${offset} ^ ${mask}`);
        }
        probe.bytes[offset] = original;
      }
    }
    expect(accepted).toEqual([]);
    expect(outcome(probe.bytes)).toBe("accepted");
  });

  test("with random bytes anywhere never crashes the build", () => {
    const next = sequence(20_261);
    const ranges = [...structure(), [0, 0x11000], [probe.bytes.length - 0x8000, probe.bytes.length]] as const;
    for (let round = 0; round < 4000; round++) {
      const changes = Array.from({ length: 1 + Math.floor(next() * 8) }, () => {
        const [start, end] = ranges[Math.floor(next() * ranges.length)] ?? [0, 1];
        const offset = start + Math.floor(next() * (end - start));
        return { offset, original: probe.bytes[offset] ?? 0, value: Math.floor(next() * 256) };
      });
      for (const { offset, value } of changes) probe.bytes[offset] = value;
      outcome(probe.bytes);
      for (const { offset, original } of changes.toReversed()) probe.bytes[offset] = original;
    }
    expect(outcome(probe.bytes)).toBe("accepted");
  });

  test("never crashes the build when it is the C library", () => {
    const next = sequence(7);
    const files = [libc.loader, libc.libraries["libc.so.6"], libc.libraries["libm.so.6"]];
    for (let round = 0; round < 1000; round++) {
      const { bytes } = files[round % files.length] ?? libc.loader;
      const offset = Math.floor(next() * (round % 2 === 0 ? 0x1000 : bytes.length));
      const original = bytes[offset] ?? 0;
      bytes[offset] = original ^ (1 << Math.floor(next() * 8));
      outcome(probe.bytes);
      bytes[offset] = original;
    }
    for (const size of [0, 1, 63, 64, 1000, 100_000])
      expect(
        outcome(probe.bytes, {
          ...libc,
          loader: { path: "loader", bytes: libc.loader.bytes.subarray(0, size) },
        }),
      ).toBe("malformed-elf");
  });

  test("that is something else is rejected by its kind", () => {
    expect(outcome(new Uint8Array())).toBe("malformed-elf");
    expect(outcome(Buffer.from("#!/bin/sh\n"))).toBe("malformed-elf");
    expect(outcome(readFileSync("/bin/ls"))).toBe("not-a-bun-executable");
    expect(outcome(libc.libraries["libc.so.6"].bytes)).toBe("not-a-bun-executable");
    expect(outcome(probe.bytes, { ...libc, loader: libc.libraries["libm.so.6"] })).toBe("libc-unfit");
    const swapped = {
      "libc.so.6": libc.libraries["libm.so.6"],
      "libm.so.6": libc.libraries["libc.so.6"],
    };
    expect(outcome(probe.bytes, { ...libc, libraries: swapped })).toBe("libc-unfit");
  });

  test("leaves no file behind", () => {
    const output = join(scratch, "out", "btdt");
    const damaged = join(scratch, "libc");
    mkdirSync(damaged);
    for (const file of [libc.loader, libc.libraries["libc.so.6"], libc.libraries["libm.so.6"]])
      writeFileSync(join(damaged, file.path.split("/").at(-1) ?? ""), file.bytes.subarray(0, 5000));
    const build = Bun.spawnSync(
      [process.execPath, "build.ts", "--libc-dir", damaged, "--out-dir", join(scratch, "out")],
      { cwd: join(import.meta.dir, "../.."), stdio: ["ignore", "ignore", "pipe"] },
    );
    expect(build.exitCode).toBe(1);
    expect(
      build.stderr
        .toString()
        .split("\n")
        .filter((line) => line.startsWith("malformed-elf: ")),
    ).toHaveLength(1);
    expect(existsSync(output)).toBe(false);
  });
});
