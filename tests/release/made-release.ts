import { afterAll, beforeAll } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { targets } from "../../link/target.ts";
import { BTDT, must } from "../support/executable.ts";

export const ROOT = join(import.meta.dir, "../..");
/** The target of this machine. */
export const HERE = `${process.platform}-${process.arch}`;

/** Makes what a release is made from; only the executable for this machine, if it is wanted, is one. */
export function makeParts(directory: string, withExecutable: boolean): void {
  mkdirSync(directory, { recursive: true });
  for (const { name } of targets) {
    const path = join(directory, `btdt-${name}`);
    if (withExecutable && name === HERE) copyFileSync(BTDT, path);
    else writeFileSync(path, `#!/bin/sh\necho for ${name}\n`);
  }
  for (const image of ["scratch", "shell"]) writeFileSync(join(directory, `btdt-${image}.oci.tar`), image);
}

export function makeRelease(
  parts: string,
  directory: string,
  env: Readonly<Record<string, string>> = {},
): void {
  const words = [process.execPath, "release/build.ts", "--from", parts, "--out-dir", directory];
  must(words, { cwd: ROOT, env });
}

/**
 * To be called in a group: makes a release whose executable for this machine is the real one. It is made once for a run
 * of all tests; `tests/run.ts` removes it.
 */
export function useRelease(): (name: string) => string {
  const shared = process.env["BTDT_TEST_RUN"];
  let directory = "";
  beforeAll(() => {
    directory = join(shared ?? mkdtempSync(join(tmpdir(), "btdt-")), "release");
    mkdirSync(directory, { recursive: true });
    // The second process that asks waits for the first one, and makes nothing.
    must(["flock", directory, process.execPath, join(import.meta.dir, "make-release.ts"), directory]);
  }, 300_000);
  afterAll(() => {
    if (shared === undefined) rmSync(dirname(directory), { recursive: true });
  });
  return (name) => join(directory, "made", name);
}

/** What the process above does. */
export function makeReleaseOnce(directory: string): void {
  if (existsSync(join(directory, "whole"))) return;
  makeParts(join(directory, "parts"), true);
  makeRelease(join(directory, "parts"), join(directory, "made"));
  writeFileSync(join(directory, "whole"), "");
}
