import { expect, test } from "bun:test";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { btdt, type Finished } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();

/** What a store calls its key, in a working directory of its own. */
function expanded(key: string, env: Record<string, string> = {}, ...options: string[]): string {
  const finished = store(key, env, ...options);
  expect({ key, exitCode: finished.exitCode, stdout: finished.stdout }).toEqual({
    key,
    exitCode: 0,
    stdout: "",
  });
  return / as (.*): /.exec(finished.stderr)?.[1] ?? finished.stderr;
}

function store(key: string, env: Record<string, string> = {}, ...options: string[]): Finished {
  scratch.directory("work");
  writeFileSync(scratch.path("source"), "");
  const words = ["store", "--create-cache", "-c", scratch.path("cache"), "-k", key, ...options];
  return btdt([...words, scratch.path("source")], { cwd: scratch.path("work"), env });
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

function hash(...paths: string[]): string {
  return btdt(["hash", ...paths], { cwd: scratch.path("work") }).stdout.trim();
}

test("os, arch and the environment are filled in, commas in values do not split", () => {
  expect(expanded("a-{{ os }}-{{arch}}")).toBe(`a-${process.platform}-${process.arch}`);
  expect(expanded("${{ env.BRANCH }}-x", { BRANCH: "a,b" })).toBe("a,b-x");
  expect(expanded("{{ env.BRANCH }}-x", { BRANCH: "" })).toBe("-x");
  expect(expanded("one-{{ os }},two")).toBe(`one-${process.platform}, two`);
  // Single braces and dollars are text.
  expect(expanded("{a}-$b-}}-${c}")).toBe("{a}-$b-}}-${c}");
});

test("dates have ISO forms", () => {
  // Asked before and after, in case midnight lies between.
  const before = today();
  const [day = "", month, year] = ["{{ date }}", '{{ date("month") }}', "{{ date('year') }}"].map((key) =>
    expanded(key),
  );
  expect([before, today()]).toContain(day);
  expect([before, today()].map((text) => text.slice(0, 7))).toContain(month ?? "");
  expect([before, today()].map((text) => text.slice(0, 4))).toContain(year ?? "");
  expect(expanded('{{ date("day") }}')).toMatch(/^\d{4}-\d\d-\d\d$/);
  expect(expanded('{{ date("week") }}')).toMatch(/^\d{4}-W\d\d$/);
});

test("hashFiles is what hash prints for the files in the order of their paths", () => {
  makeTree(
    scratch.path("work"),
    dir({
      "b.lock": file("b"),
      "a.lock": file("a"),
      ".git": dir({ "c.lock": file("c") }),
      "btdt-v1": dir({ "d.lock": file("d") }),
      sub: dir({ ".hidden.lock": file("h"), deep: dir({ "a.lock": file("deep") }) }),
    }),
  );
  writeFileSync(scratch.path("work", "big.bin"), Buffer.alloc(5 * 1024 * 1024, 7));
  symlinkSync("../a.lock", scratch.path("work", "sub", "link.lock"));
  symlinkSync("..", scratch.path("work", "sub", "loop"));
  for (const [patterns, ...files] of [
    ['"a.lock"', "a.lock"],
    ["'./a.lock'", "a.lock"],
    ['"b.lock", "a.lock", "*.lock"', "a.lock", "b.lock"],
    ['"**/*.lock"', "a.lock", "b.lock", "sub/.hidden.lock", "sub/deep/a.lock", "sub/link.lock"],
    ['"sub/*/a.lock"', "sub/deep/a.lock"],
    ['"{a,b}.lock"', "a.lock", "b.lock"],
    ['"*.lock", "!b.*"', "a.lock"],
    ['"big.bin"', "big.bin"],
    ['"big.*", "a.lock"', "a.lock", "big.bin"],
    ['".git/c.lock"', ".git/c.lock"],
  ] as const) {
    const key = expanded(`k-{{ hashFiles(${patterns}) }}`);
    expect({ patterns, key }).toEqual({ patterns, key: `k-${hash(...files)}` });
  }
  const absolute = scratch.path("work", "*.lock");
  expect(expanded(`{{ hashFiles("${absolute}") }}`)).toBe(hash("a.lock", "b.lock"));
});

test("more files than one batch", () => {
  const files: string[] = [];
  mkdirSync(scratch.directory("work", "many"), { recursive: true });
  for (let index = 0; index < 1000; index++) {
    files.push(`many/${String(index).padStart(4, "0")}`);
    writeFileSync(scratch.path("work", files.at(-1) ?? ""), `${index}`);
  }
  expect(expanded('{{ hashFiles("many/*") }}')).toBe(hash(...files));
});

test("hashFiles without a file is an error before any work, unless that is allowed", () => {
  const missed = store('k-{{ hashFiles("no.lock", "**/*.none") }}');
  expect(missed).toMatchObject({ exitCode: 1, stdout: "" });
  expect(missed.stderr).toContain("matches no files: no.lock, **/*.none");
  expect(missed.stderr).toContain("--allow-empty-hash");
  mkdirSync(scratch.path("work", "no.lock"));
  expect(store('k-{{ hashFiles("no.lock") }}').exitCode).toBe(1);
  expect(expanded('k-{{ hashFiles("none") }}', {}, "--allow-empty-hash")).toBe("k-");
  expect(store('{{ hashFiles("none") }}', {}, "--allow-empty-hash").exitCode).toBe(2);
});

test("an invalid template is a usage error, and the hint shows a valid one", () => {
  for (const [key, ...expected] of [
    ["{{ hashfiles('a') }}", "unknown function hashfiles", 'hashFiles("GLOB"'],
    ["{{ nothing }}", "unknown function nothing"],
    ["k-{{ os", "never closed"],
    ["a,k-{{ hashFiles('a }}", "never closed"],
    ["{{ }}", "invalid template"],
    ["{{ os() arch }}", "invalid template"],
    ["{{ hashFiles(a.lock) }}", "invalid template"],
    ['{{ hashFiles("a" "b") }}', "invalid template"],
    ['{{ hashFiles("a",) }}', "invalid template"],
    ["{{ hashFiles() }}", "at least one pattern"],
    ["{{ hashFiles }}", "at least one pattern"],
    ['{{ os("x") }}', "no arguments"],
    ['{{ date("hour") }}', "day, week, month or year"],
    ['{{ date("day", "week") }}', "at most one"],
  ] as const) {
    const { exitCode, stdout, stderr } = store(key);
    expect({ key, exitCode, stdout }).toEqual({ key, exitCode: 2, stdout: "" });
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    for (const words of expected) expect(stderr).toContain(words);
  }
});

test("a variable that is not set is an error", () => {
  const { exitCode, stderr } = store("k-{{ env.BTDT_TEST_NOT_SET }}");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("BTDT_TEST_NOT_SET");
});

test("a key is limited by what it becomes", () => {
  expect(store("{{ env.LONG }}", { LONG: "x".repeat(513) }).exitCode).toBe(2);
});

test("restore finds what store stored, without a shell, until the file changes", () => {
  makeTree(scratch.path("work"), dir({ "package-lock.json": file("1") }));
  const key = 'node-modules-{{ hashFiles("package-lock.json") }}';
  expanded(key);
  const restore = () =>
    btdt(["restore", "-c", scratch.path("cache"), "-k", key, scratch.path("to")], {
      cwd: scratch.path("work"),
    });
  expect(restore()).toMatchObject({
    exitCode: 0,
    stdout: `Restored key node-modules-${hash("package-lock.json")}\n`,
  });
  rmSync(scratch.path("work", "package-lock.json"));
  expect(restore()).toMatchObject({ exitCode: 1, stdout: "" });
  writeFileSync(scratch.path("work", "package-lock.json"), "2");
  expect(restore()).toMatchObject({ exitCode: 4, stdout: "" });
});
