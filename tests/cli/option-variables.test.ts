import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { commandNames, helpOf } from "../docs/command-reference.ts";
import { TestCache } from "../support/cache.ts";
import { btdt } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

type Variables = Readonly<Record<string, string>>;

/** Wrong use; answers the one line that says so. */
function complaint(words: readonly string[], env: Variables): string {
  const { exitCode, stdout, stderr } = btdt(words, { env });
  expect({ words, env, exitCode, stdout }).toEqual({ words, env, exitCode: 2, stdout: "" });
  expect(stderr).toMatch(/^btdt: error: .+\n$/);
  return stderr;
}

/** What a store keeps, by a restore. */
function kept(env: Variables, ...options: string[]): string[] {
  const [tree, to] = [scratch.path("tree"), scratch.fresh("to")];
  if (!existsSync(tree)) {
    makeTree(tree, dir({ "a.log": file("a"), "b,c": file("b"), "d e": file("d"), f: file("f") }));
  }
  scratch.directory("cache");
  const stored = btdt(["store", "-c", cache.path, "-k", "k", ...options, tree], { env });
  expect(stored).toMatchObject({ exitCode: 0 });
  expect(btdt(["restore", "-c", cache.path, "-k", "k", to]).exitCode).toBe(0);
  return readdirSync(to).toSorted();
}

test("every option has a variable by its name, but for those that mean one thing of one command", () => {
  const without = new Set([
    "--help",
    "--json",
    "--diff",
    "--prefix",
    "--openmetrics",
    "--prometheus",
    "--repair",
    "--from",
    "--all",
    "--damaged",
    "--limit",
    "--no-sizes",
    "--sizes",
    "--older-than",
    "--sort",
  ]);
  for (const command of commandNames()) {
    const [, options = ""] = helpOf(command).split("\nOptions:\n");
    const help = options.replaceAll(/\n {6,}/g, " ");
    for (const [line, option = ""] of help.matchAll(/^ +(?:-\w, )?(--[\w-]+).*$/gm)) {
      const variable = `BTDT_${option.slice(2).replaceAll("-", "_").toUpperCase()}`;
      if (without.has(option)) expect(line).not.toContain("env:");
      else
        expect({ command, line }).toEqual({ command, line: expect.stringContaining(`(env: ${variable})`) });
    }
  }
});

describe("lists", () => {
  test("are separated by lines or commas, in variables as on the command line", () => {
    for (const list of ["\n  *.log\n\n  f\r\n", "*.log, f", ",f ,\n*.log"]) {
      expect(kept({ BTDT_EXCLUDE: list })).toEqual(["b,c", "d e"]);
      expect(kept({}, "--exclude", list)).toEqual(["b,c", "d e"]);
    }
  });

  test("after a backslash or between brackets, a comma belongs to a glob", () => {
    expect(kept({ BTDT_EXCLUDE: String.raw`b\,c` })).toEqual(["a.log", "d e", "f"]);
    expect(kept({}, "--exclude", "b[,]c,f")).toEqual(["a.log", "d e"]);
  });

  test("a space belongs to a glob", () => {
    expect(kept({ BTDT_EXCLUDE: "d e" })).toEqual(["a.log", "b,c", "f"]);
  });

  test("are replaced by the command line, not added to", () => {
    expect(kept({ BTDT_EXCLUDE: "*.log" }, "--exclude", "f")).toEqual(["a.log", "b,c", "d e"]);
  });

  test("keys and prefixes are separated by lines or commas", () => {
    kept({});
    const restore = (env: Variables, ...options: string[]) =>
      btdt(["restore", "-c", cache.path, ...options, scratch.path("to")], { env }).exitCode;
    expect(restore({ BTDT_KEYS: "x\ny,k" })).toBe(3);
    expect(restore({ BTDT_KEYS: "  k\n  x\n" })).toBe(0);
    expect(restore({ BTDT_FALLBACK_PREFIX: "y\nk" }, "-k", "x")).toBe(3);
    expect(restore({ BTDT_KEYS: "k" }, "-k", "x")).toBe(4);
  });
});

describe("switches", () => {
  const restore = (env: Variables, ...options: string[]): number =>
    btdt(["restore", "-c", scratch.directory("cache"), "-k", "none", ...options, scratch.path("to")], { env })
      .exitCode;

  test("are on, off, or wrong", () => {
    for (const on of ["1", "true", "YES", " on "]) expect(restore({ BTDT_MISS_OK: on })).toBe(0);
    for (const off of ["0", "False", "no", "off", ""]) expect(restore({ BTDT_MISS_OK: off })).toBe(4);
    expect(restore({ BTDT_MISS_OK: "0" }, "--miss-ok")).toBe(0);
    for (const wrong of ["2", "please", "-"]) {
      const words = ["restore", "-c", scratch.path("cache"), "-k", "none", scratch.path("to")];
      expect(complaint(words, { BTDT_MISS_OK: wrong })).toContain(
        `invalid value "${wrong}" in the variable BTDT_MISS_OK`,
      );
    }
  });

  test("of every command", () => {
    const env = { BTDT_CACHE: scratch.path("new"), BTDT_CREATE_CACHE: "1", BTDT_KEYS: "k" };
    makeTree(scratch.path("tree"), dir({ f: file("f") }));
    expect(btdt(["store", scratch.path("tree")], { env }).exitCode).toBe(0);
    makeTree(scratch.path("to"), dir({ extra: file("x") }));
    expect(btdt(["restore", scratch.path("to")], { env: { ...env, BTDT_EXACT: "on" } }).exitCode).toBe(0);
    expect(readdirSync(scratch.path("to"))).toEqual(["f"]);
    const fallback = { ...env, BTDT_KEYS: "x,k", BTDT_SUCCESS_RC_ON_ANY_KEY: "true" };
    expect(btdt(["restore", scratch.path("to")], { env: fallback }).exitCode).toBe(0);
    const dry = { ...env, BTDT_DRY_RUN: "1", BTDT_MAX_SIZE: "0" };
    expect(btdt(["clean"], { env: dry }).stdout).toStartWith("Would remove k");
    const ran = btdt(["run", scratch.path("to"), "--", "true"], {
      env: { ...env, BTDT_ALWAYS: "1", BTDT_VERBOSE: "1" },
    });
    expect(ran.stderr).toContain("running true");
    const empty = { ...env, BTDT_KEYS: '{{ hashFiles("none") }}x', BTDT_ALLOW_EMPTY_HASH: "1" };
    expect(btdt(["restore", scratch.path("none")], { env: empty }).exitCode).toBe(4);
  });
});

test("values of rarer options", () => {
  makeTree(scratch.path("tree"), dir({ f: file("f".repeat(5000)) }));
  const env = { BTDT_CACHE: scratch.directory("cache"), BTDT_KEYS: "k" };
  const packed = { ...env, BTDT_STORAGE: "packs", BTDT_COMPRESSION: "deflate:9" };
  expect(btdt(["store", scratch.path("tree")], { env: packed }).stderr).toContain("1 packed");
  expect(btdt(["export"], { env: { ...env, BTDT_FORMAT: "zip" } }).stdout).toStartWith("PK");
  const rust = btdt(["hash", scratch.path("tree", "f")], { env: { BTDT_ALGORITHM: "blake3" } }).stdout;
  expect(rust).toBe(btdt(["hash", "--algorithm", "blake3", scratch.path("tree", "f")]).stdout);
});

test("a wrong value is a usage error, and names the variable", () => {
  const cases: readonly [readonly string[], string, string, string][] = [
    [["store", scratch.path("tree")], "BTDT_STORAGE", "tape", "auto, objects, packs"],
    [["store", scratch.path("tree")], "BTDT_COMPRESSION", "lzma", "zstd"],
    [["store", scratch.path("tree")], "BTDT_DURABILITY", "some", "flush, none"],
    [["store", scratch.path("tree")], "BTDT_LINK", "soft", "auto, reflink, hard, copy"],
    [["clean"], "BTDT_MAX_AGE", "soon", "1d 12h"],
    [["clean"], "BTDT_MAX_SIZE", "much", "10GiB"],
    [["export"], "BTDT_FORMAT", "rar", "tar, tar.gz, tar.zst, zip"],
    [["stats"], "BTDT_QUIET", "maybe", "off"],
    [["hash", scratch.path("tree")], "BTDT_ALGORITHM", "md5", "sha256, blake3"],
  ];
  for (const [words, variable, value, hint] of cases) {
    const env = { BTDT_CACHE: scratch.directory("cache"), BTDT_KEYS: "k", [variable]: value };
    const line = complaint(words, env);
    expect(line).toContain(`invalid value "${value}" in the variable ${variable}`);
    expect(line).toContain(hint);
  }
  expect(existsSync(cache.below())).toBe(false);
});

test("a variable of another command's option is ignored", () => {
  makeTree(scratch.path("tree"), dir({ f: file("f") }));
  expect(
    btdt(["hash", scratch.path("tree")], { env: { BTDT_MAX_AGE: "soon", BTDT_LINK: "soft" } }).exitCode,
  ).toBe(0);
});

test("a needed option that no variable has either", () => {
  expect(complaint(["clean"], { BTDT_CACHE: "" })).toContain(
    "missing required option -c, --cache <cache> (it can also be set by BTDT_CACHE; see btdt clean --help)",
  );
});

test("--verbose wins over --quiet, wherever each is given", () => {
  kept({});
  const restore = (env: Variables, ...options: string[]) =>
    btdt(["restore", "-c", cache.path, "-k", "k", ...options, scratch.path("to")], { env }).stderr;
  expect(restore({ BTDT_VERBOSE: "1" }, "--quiet")).toStartWith("btdt: keys: k\n");
  expect(restore({ BTDT_QUIET: "1" }, "--verbose")).toStartWith("btdt: keys: k\n");
  expect(restore({ BTDT_QUIET: "1", BTDT_VERBOSE: "1" })).toStartWith("btdt: keys: k\n");
});

test("none is overlooked where a digest is printed at once", () => {
  const path = scratch.path("hashed");
  writeFileSync(path, "a");
  const variables = [...helpOf("hash").matchAll(/\(env:\s+(\w+)\)/g)].map(([, name = ""]) => name);
  expect(variables.length).toBeGreaterThanOrEqual(4);
  for (const name of variables) complaint(["hash", path], { [name]: "nonsense" });
  expect(btdt(["hash", path], { env: { BTDT_CACHE: "nonsense" } })).toMatchObject({
    exitCode: 0,
    stderr: "",
  });
});
