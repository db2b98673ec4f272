import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readElf } from "../../link/elf.ts";
import type { NamedBytes } from "../../link/elf-file.ts";
import { applyPlan, planStaticLink } from "../../link/static-link.ts";
import { describeWith } from "../support/requirements.ts";
import { buildProbe, hostLauncher, hostLibc, readNamed } from "./probe-executable.ts";

const LOAD = 1;
const FORBIDDEN = new Map([
  [2, "dynamic"],
  [3, "interpreter"],
  [7, "thread-local"],
]);
const PAGE = 0x10000;

describeWith(["linux"], "a static executable", () => {
  let scratch = "";
  let original: NamedBytes;
  let linked: Uint8Array;
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "btdt-link-"));
    buildProbe(join(scratch, "probe"), { dynamic: true });
    original = readNamed(join(scratch, "probe"));
    linked = applyPlan(original.bytes, planStaticLink(original, hostLibc(), hostLauncher()));
  });
  afterAll(() => rmSync(scratch, { recursive: true }));

  test("has no segment that names another file, and separates access rights", () => {
    const { programHeaders } = readElf({ path: "linked", bytes: linked });
    expect(programHeaders.flatMap(({ type }) => FORBIDDEN.get(type) ?? [])).toEqual([]);
    const loaded = programHeaders.filter(({ type }) => type === LOAD);
    expect(loaded.filter(({ flags }) => (flags & 3) === 3)).toEqual([]);
    // What is added by us shares no page, of whatever size, with different rights; ld.so's parts are as its linker laid
    // them out.
    for (const [index, segment] of loaded.entries()) {
      const next = loaded[index + 1];
      if (segment.alignment < PAGE || next === undefined) continue;
      expect(Math.ceil((segment.address + segment.memorySizeBytes) / PAGE)).toBeLessThanOrEqual(
        Math.floor(next.address / PAGE),
      );
    }
  });

  test("carries the original unchanged but for the header and the names of libraries", () => {
    const plan = planStaticLink(original, hostLibc(), hostLauncher());
    const inside = plan.patches.filter(({ offset }) => offset < original.bytes.length);
    const changed = inside.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(changed).toBeLessThan(100);
    expect(linked.length - original.bytes.length).toBeLessThan(4_000_000);
  });

  test("comes out the same from the same inputs", () => {
    const again = applyPlan(original.bytes, planStaticLink(original, hostLibc(), hostLauncher()));
    expect(Buffer.compare(again, linked)).toBe(0);
  });

  test("is not an input: it is static already", () => {
    expect(() => planStaticLink({ path: "linked", bytes: linked }, hostLibc(), hostLauncher())).toThrow(
      expect.objectContaining({ code: "not-a-bun-executable" }),
    );
  });

  test("runs as the original does, with the image's loader variables only for its children", () => {
    const path = join(scratch, "linked");
    writeFileSync(path, linked);
    chmodSync(path, 0o755);
    const env = { LD_PRELOAD: "/rubbish.so", LD_LIBRARY_PATH: "/rubbish", LD_BIND_NOW: "1", HOME: "/h" };
    const child = ["/bin/sh", "-c", "unset PWD OLDPWD SHLVL _; set | grep -E '^(LD_|HOME)'"];
    const run = Bun.spawnSync([path, scratch, ...child], { env });
    expect(run.stderr.toString()).not.toContain("btdt");
    const answer: unknown = JSON.parse(run.stdout.toString());
    expect(answer).toEqual({
      digest: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      localhost: "127.0.0.1",
      files: { locked: 0, linked: 0, status: 0, links: 2, mapped: 7 },
      zstd: 100_000,
      executable: path,
      memoryFiles: [],
      // They are mapped from the executable.
      libraries: [],
      child: expect.stringContaining("LD_LIBRARY_PATH='/rubbish'\nLD_PRELOAD='/rubbish.so'\n"),
    });
  });
});
