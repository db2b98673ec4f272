/** Which files `hashFiles` in a key finds, and which it may leave out. */
import { expect, test } from "bun:test";
import { chmodSync, truncateSync, writeFileSync } from "node:fs";
import { btdt, type Finished, run } from "../support/executable.ts";
import { executableForAll } from "../support/executable-for-all.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();

function key(...patterns: string[]): Finished {
  const list = patterns.map((pattern) => `"${pattern}"`).join(", ");
  return btdt(["key", `{{ hashFiles(${list}) }}`], { cwd: scratch.path("work") });
}

function digest(...paths: string[]): string {
  return btdt(["hash", ...paths], { cwd: scratch.path("work") }).stdout;
}

test("key prints what templates give, one key on each line, and as JSON", () => {
  const words = ["key", "a-{{ os }}, b", "{{ env.BRANCH }}\n", "b"];
  const env = { BRANCH: "main,1" };
  expect(btdt(words, { env })).toEqual({
    exitCode: 0,
    stdout: `a-${process.platform}\nb\nmain,1\n`,
    stderr: "",
  });
  const { stdout } = btdt([...words, "--json"], { env });
  expect(JSON.parse(stdout)).toEqual({ version: 1, keys: [`a-${process.platform}`, "b", "main,1"] });
  expect(btdt(["key", "{{ env.NOT_SET }}"])).toMatchObject({ exitCode: 1, stdout: "" });
  expect(btdt(["key", "{{ nothing }}"])).toMatchObject({ exitCode: 2, stdout: "" });
  expect(btdt(["key", " , "])).toMatchObject({ exitCode: 2, stdout: "" });
});

test("every file counts, also in many megabytes of them, which no single job reads", () => {
  makeTree(scratch.path("work"), dir({}));
  const names = Array.from({ length: 12 }, (_, index) => `f${index + 10}`);
  for (const name of names) {
    writeFileSync(scratch.path("work", name), name);
    truncateSync(scratch.path("work", name), 4 * 1024 * 1024);
  }
  const before = key("f*").stdout;
  expect(before).toBe(digest(...names));
  writeFileSync(scratch.path("work", names.at(-1) ?? ""), "different");
  const after = key("f*").stdout;
  expect(after).toBe(digest(...names));
  expect(after).not.toBe(before);
});

test("what a killed restore left changes no key", () => {
  makeTree(scratch.path("work"), dir({ "a.lock": file("a"), sub: dir({ "b.lock": file("b") }) }));
  const before = key("**/*.lock").stdout;
  expect(before).toBe(digest("a.lock", "sub/b.lock"));
  for (const parent of ["", "sub"]) {
    const staging = scratch.path("work", parent, ".btdt-restore-01234567-89ab-cdef-0123-456789abcdef");
    makeTree(staging, dir({ "a.lock": file("x"), deep: dir({ "c.lock": file("c") }) }));
  }
  expect(key("**/*.lock").stdout).toBe(before);
});

test("files in directories whose names are not UTF-8 count, and so do such files", () => {
  makeTree(
    scratch.path("work"),
    dir({ "a.lock": file("a"), "\xff": dir({ "b.lock": file("b") }), "\xfe.lock": file("c") }),
  );
  const digests = ["a.lock", "b.lock", "c.lock"].map((name) => {
    writeFileSync(scratch.path(name), name.charAt(0));
    return scratch.path(name);
  });
  const [a = "", b = "", c = ""] = digests;
  // In the order of the bytes of their paths.
  expect(key("**/*.lock").stdout).toBe(digest(a, c, b));
  expect(key("**/*.lock", "!*.lock").stdout).toBe(digest(b));
  expect(key("*/*.lock").stdout).toBe(digest(b));
});

testWith(["root", "setpriv"], "an excluded directory need not be readable", () => {
  const { executable } = executableForAll(scratch);
  const work = scratch.path("work");
  makeTree(work, dir({ "a.lock": file("a"), sub: dir({ private: dir({ "b.lock": file("b") }) }) }));
  chmodSync(scratch.path("work", "sub", "private"), 0o700);
  const asNobody = (...patterns: string[]): Finished => {
    const list = patterns.map((pattern) => `"${pattern}"`).join(", ");
    return run([...AS_NOBODY, executable, "key", `{{ hashFiles(${list}) }}`], { cwd: work });
  };
  const expected = { exitCode: 0, stdout: digest("a.lock") };
  for (const exclusion of ["!sub/private/**", "!**/private/**", "!./sub/**", "!sub/private/**/*"]) {
    expect({ exclusion, ...asNobody("**/*.lock", exclusion) }).toMatchObject({ exclusion, ...expected });
  }
  expect(asNobody("a.lock", "sub/private/*.lock", "sub/private/b.lock", "!sub/**")).toMatchObject(expected);
  for (const patterns of [
    ["**/*.lock"],
    // These may leave files for which the directory has to be read.
    ["**/*.lock", "!sub/private/*"],
    ["**/*.lock", "!**/private/**/c.lock"],
    // Only later patterns exclude.
    ["!sub/private/**", "**/*.lock"],
  ]) {
    const { exitCode, stderr } = asNobody(...patterns);
    expect({ patterns, exitCode }).toEqual({ patterns, exitCode: 1 });
    expect(stderr).toContain("hashFiles in a key cannot read sub/private: permission denied (a directory is");
  }
});
