import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readElf } from "../../link/elf.ts";
import { SEGMENT_INTERPRETER } from "../../link/program-headers.ts";
import { describeWith } from "../support/requirements.ts";
import { hostLinuxTarget, readNamed } from "./probe-executable.ts";

const root = join(import.meta.dir, "../..");

function build(directory: string, ...options: string[]): { exitCode: number; errors: string[] } {
  const run = Bun.spawnSync([process.execPath, "build.ts", ...options], {
    cwd: directory,
    stdio: ["ignore", "ignore", "pipe"],
  });
  return {
    exitCode: run.exitCode,
    errors: run.stderr
      .toString()
      .split("\n")
      .filter((line) => /^[a-z-]+: /.test(line)),
  };
}

describeWith(["linux"], "the build", () => {
  let scratch = "";
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "btdt-build-"));
  });
  afterAll(() => rmSync(scratch, { recursive: true }));

  test.each([
    [["--target", "solaris-sparc"], "unknown-target"],
    [["--target", "linux-x64,"], "unknown-target"],
    [["--libc-dir", "/nonexistent"], "libc-missing"],
    [["--libc"], "usage"],
    [["btdt"], "usage"],
  ])("%j is one clear line and no file", (options, code) => {
    const out = join(scratch, "refused");
    const { exitCode, errors } = build(root, ...options, "--out-dir", out);
    expect(exitCode).toBe(1);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toStartWith(`${code}: `);
    expect(existsSync(out)).toBe(false);
  });

  test("gives the same bytes in another directory, with sums that hold, and nothing else", () => {
    const copy = join(scratch, "copy");
    // Copies, not links: a module's path inside the directory is part of the executable.
    const lock: { readonly packages: Readonly<Record<string, { readonly dev?: boolean }>> } = JSON.parse(
      readFileSync(join(root, "package-lock.json"), "utf8"),
    );
    // The dependencies, and theirs.
    const modules = Object.keys(lock.packages).filter(
      (path) => path !== "" && lock.packages[path]?.dev !== true,
    );
    for (const part of ["src", "link", "build.ts", "package.json", "tsconfig.json", ...modules])
      cpSync(join(root, part), join(copy, part), { recursive: true });
    expect(build(copy).exitCode).toBe(0);
    const out = join(scratch, "out");
    expect(build(root, "--out-dir", out).exitCode).toBe(0);

    expect(readdirSync(out).sort()).toEqual(["SHA256SUMS", "btdt"]);
    expect(readFileSync(join(out, "SHA256SUMS"), "utf8")).toBe(
      readFileSync(join(copy, "dist", "SHA256SUMS"), "utf8"),
    );
    const digest = new Bun.SHA256().update(readFileSync(join(out, "btdt"))).digest("hex");
    expect(readFileSync(join(out, "SHA256SUMS"), "utf8")).toBe(`${digest}  btdt\n`);
  });

  test("leaves a dynamic executable when it is asked to", () => {
    const out = join(scratch, "dynamic");
    const { name } = hostLinuxTarget();
    expect(build(root, "--dynamic", "--target", name, "--out-dir", out).exitCode).toBe(0);
    const { programHeaders } = readElf(readNamed(join(out, `btdt-${name}`)));
    expect(programHeaders.some(({ type }) => type === SEGMENT_INTERPRETER)).toBe(true);
  });
});
