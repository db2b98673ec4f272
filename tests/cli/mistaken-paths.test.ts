/** Paths that a shell, or the reader of a manual, would have meant otherwise. */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { BTDT, btdt, type Finished, must, run } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();

function store(excludes: readonly string[], ...sources: string[]): Finished {
  const options = excludes.flatMap((pattern) => ["--exclude", pattern]);
  const words = ["store", "-c", scratch.directory("cache"), "-k", "key", ...options, ...sources];
  return btdt(words, { cwd: scratch.path("work") });
}

function makeWork(): void {
  const tree = { ".cache": dir({ a: file("a") }), b: file("b"), "~": dir({ c: file("c") }) };
  makeTree(scratch.path("work"), dir({ node_modules: dir(tree), other: dir({ b: file("b") }) }));
}

test("an exclude that matches nothing and is a path from elsewhere gets a warning with the right form", () => {
  makeWork();
  for (const [pattern, advice] of [
    ["node_modules/.cache", "use /.cache"],
    ["./.cache", "use /.cache"],
    ["./node_modules/.cache/", "use /.cache/"],
    [scratch.path("work", "node_modules", ".cache"), "use /.cache"],
    ["!node_modules/b", "use !/b"],
    ["~/project/node_modules/.cache", "~ is not replaced; use the path within the source"],
  ] as const) {
    const { exitCode, stderr } = store([pattern], "node_modules");
    expect({ pattern, exitCode }).toEqual({ pattern, exitCode: 0 });
    const warning = `--exclude ${pattern} matches nothing: patterns are relative to the source; ${advice}`;
    expect(stderr.split("\n")[0]).toBe(`btdt: warning: ${warning}`);
  }
  expect(store(["node_modules/.cache"], "./node_modules/", "other").stderr).toContain("use /.cache\n");
});

test("other excludes get none, even if they match nothing", () => {
  makeWork();
  for (const pattern of ["/.cache", "*.log", "none/.cache", "~/c", "~$*", "/absolute/x", "node_modules"])
    expect({ pattern, ...store([pattern], "node_modules") }).not.toMatchObject({
      stderr: expect.stringContaining("warning"),
    });
  // It matches in one of the sources.
  makeTree(scratch.path("work", "deep"), dir({ node_modules: dir({ ".cache": file("x") }) }));
  expect(store(["node_modules/.cache"], "node_modules", "deep").stderr).not.toContain("warning");
});

test("a literal ~ in the path of a cache is an error that says so", () => {
  makeWork();
  const cwd = scratch.path("work");
  for (const cache of ["~/cache", "~", "~user/cache"]) {
    for (const words of [["--create-cache", "node_modules"], ["node_modules"]]) {
      const { exitCode, stderr } = btdt(["store", "-c", cache, "-k", "key", ...words], { cwd });
      expect({ cache, exitCode }).toEqual({ cache, exitCode: 2 });
      expect(stderr).toContain(`the cache path ${cache} begins with a literal ~`);
      expect(stderr).toContain('write "$HOME" instead');
    }
  }
  expect(readdirSync(cwd).toSorted()).toEqual(["node_modules", "other"]);
  expect(btdt(["store", "-c", "./~", "--create-cache", "-k", "key", "other"], { cwd }).exitCode).toBe(0);
  expect(existsSync(scratch.path("work", "~", "btdt-v1"))).toBe(true);
});

/** With a shell, because arguments that are not UTF-8 cannot be passed. @param words may contain octal escapes */
function runWithBytes(...words: string[]): Finished {
  const quoted = words.map((word) => `"$(printf -- '${word}')"`).join(" ");
  return run(["sh", "-c", `"$0" ${quoted}`, BTDT], { cwd: scratch.path("work") });
}

testWith(["linux"], "an argument that is not UTF-8 is refused, because it would mean another path", () => {
  makeWork();
  store([], "other");
  writeFileSync(scratch.path("work", "\uFFFD"), "another file");
  const before = readdirSync(scratch.path("work"));
  const cache = scratch.path("cache");
  for (const words of [
    ["restore", "-c", cache, "-k", "key", "to\\377"],
    ["store", "-c", `${cache}\\377`, "--create-cache", "-k", "key", "other"],
    ["run", "-c", cache, "-k", "new", "made", "--", "mkdir", "made\\377"],
    ["hash", "\\377"],
  ]) {
    const { exitCode, stdout, stderr } = runWithBytes(...words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain("\uFFFD is not UTF-8 (if it is a path, change to that directory");
  }
  expect(readdirSync(scratch.path("work"))).toEqual(before);
  // What was meant is accepted.
  expect(runWithBytes("restore", "-c", cache, "-k", "key", "to\\357\\277\\275").exitCode).toBe(0);
  expect(readdirSync(scratch.path("work", "to\uFFFD"))).toEqual(["b"]);
});

testWith(
  ["linux"],
  "a variable that is not UTF-8 is refused if it would be used or passed on mangled",
  () => {
    makeWork();
    const [cache, signingKey] = [scratch.path("cache"), scratch.path("signing.key")];
    must([BTDT, "keygen", signingKey]);
    const env = { SECRET: readFileSync(signingKey, "utf8") };
    const keyed = ["--create-cache", "-k", "key"];
    const signed = ["run", "-c", cache, ...keyed, "--sign-key", "env:SECRET", "made", "--", "mkdir", "made"];
    const runWithVariable = (variable: string, value: string, words: readonly string[]): Finished =>
      run(["sh", "-c", `export ${variable}="$(printf '${value}')"; exec "$0" "$@"`, BTDT, ...words], {
        cwd: scratch.path("work"),
        env,
      });
    for (const [variable, words] of [
      ["BTDT_CACHE", ["store", ...keyed, "other"]],
      ["AWS_CONFIG_FILE", ["lookup", "-c", "s3://bucket", "-k", "key"]],
      ["OTHER", signed],
    ] as const) {
      const { exitCode, stderr } = runWithVariable(variable, `${cache}\\377`, words);
      expect({ variable, exitCode }).toEqual({ variable, exitCode: 2 });
      expect(stderr).toContain(`the variable ${variable} is not UTF-8`);
    }
    expect(readdirSync(scratch.path("work")).toSorted()).toEqual(["node_modules", "other"]);
    expect(existsSync(`${cache}\uFFFD`)).toBe(false);
    // What is not used does not matter, and what was meant is accepted.
    expect(runWithVariable("BTDT_CACHE", "\\377", ["store", "-c", cache, ...keyed, "other"]).exitCode).toBe(
      0,
    );
    const meant = runWithVariable("BTDT_CACHE", `${cache}\\357\\277\\275`, ["store", ...keyed, "other"]);
    expect(meant.exitCode).toBe(0);
    expect(existsSync(`${cache}\uFFFD`)).toBe(true);
  },
);
