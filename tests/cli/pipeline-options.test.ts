import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { BTDT, btdt, type Finished, run } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

function store(key: string): void {
  writeFileSync(scratch.path("source"), key);
  const words = ["store", "--create-cache", "-c", scratch.path("cache"), "-k", key, scratch.path("source")];
  expect(btdt(words).exitCode).toBe(0);
}

function restore(keys: string, ...options: string[]): Finished {
  scratch.directory("cache");
  return btdt(["restore", "-c", scratch.path("cache"), "-k", keys, ...options, scratch.path("to")]);
}

test("--result-file holds one word, without a line end", () => {
  store("a");
  const path = scratch.path("result");
  const outcome = (keys: string) => {
    const { exitCode } = restore(keys, "--result-file", path);
    return [exitCode, readFileSync(path, "utf8")];
  };
  expect(outcome("a")).toEqual([0, "hit"]);
  expect(outcome("x,a")).toEqual([3, "fallback"]);
  expect(outcome("x")).toEqual([4, "miss"]);
});

test("--matched-key-file and --primary-key-file hold the keys of restore and run, filled in", () => {
  store(`${process.platform}-1`);
  const [matched, primary] = [scratch.path("matched"), scratch.path("primary")];
  const options = ["--matched-key-file", matched, "--primary-key-file", primary];
  const written = ({ exitCode }: Finished) => [
    exitCode,
    readFileSync(matched, "utf8"),
    readFileSync(primary, "utf8"),
  ];
  const key = `${process.platform}-1`;
  expect(written(restore("{{ os }}-1", ...options))).toEqual([0, key, key]);
  expect(written(restore("x", "--fallback-prefix", "{{ os }}", ...options))).toEqual([3, key, "x"]);
  expect(written(restore("{{ os }}-2,y", ...options))).toEqual([4, "", `${process.platform}-2`]);
  const run = (keys: string) => {
    const words = ["run", "-c", scratch.path("cache"), "-k", keys, ...options];
    return btdt([...words, scratch.path("to"), "--", "true"]);
  };
  expect(written(run("z,{{ os }}-1"))).toEqual([0, key, "z"]);
  // After an error, no key of an earlier run is left.
  const words = ["restore", "-c", scratch.path("none"), "-k", "a", ...options, scratch.path("to")];
  expect(written(btdt(words))).toEqual([1, "", "a"]);
});

test("a result file that cannot be written is an error before any work", () => {
  store("a");
  for (const path of [scratch.path("none", "result"), scratch.path("cache"), ""]) {
    const { exitCode, stdout, stderr } = restore("a", "--result-file", path);
    expect({ path, exitCode, stdout }).toEqual({ path, exitCode: 1, stdout: "" });
    expect(stderr).toContain("cannot write the result file");
    for (const option of ["--matched-key-file", "--primary-key-file"])
      expect(restore("a", option, path)).toMatchObject({ exitCode: 1, stdout: "" });
  }
  expect(existsSync(scratch.path("to"))).toBe(false);
});

test("only a wrong path of a result file is explained by its directory", () => {
  const explanation = "its directory must exist";
  expect(restore("a", "--result-file", scratch.path("none", "result")).stderr).toContain(explanation);
  expect(restore("a", "--result-file", scratch.path("cache", "..")).stderr).toContain(explanation);
});

testWith(["/dev/full"], "a full disk is not explained by the directory of a result file", () => {
  const { exitCode, stderr } = restore("a", "--result-file", "/dev/full");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("cannot write the result file /dev/full");
  expect(stderr).not.toContain("its directory must exist");
});

testWith(["strace"], "what a write leaves out of a result is written as well", () => {
  scratch.directory("cache");
  const path = scratch.path("result");
  // The first two bytes count as written, without being there.
  const trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", path, "-e", "trace=write,pwrite64"];
  const short = ["-e", "inject=write,pwrite64:retval=2:when=1"];
  const words = ["restore", "-c", scratch.path("cache"), "-k", "a", "--result-file", path];
  expect(run([...trace, ...short, BTDT, ...words, scratch.path("to")]).exitCode).toBe(4);
  expect(readFileSync(path, "utf8")).toBe("ss");
});

test("after an error there is no old word left in it", () => {
  writeFileSync(scratch.path("result"), "hit");
  const words = ["restore", "-c", scratch.path("none"), "-k", "a", "--result-file", scratch.path("result")];
  expect(btdt([...words, scratch.path("to")]).exitCode).toBe(1);
  expect(readFileSync(scratch.path("result"), "utf8")).toBe("");
});

test("--miss-ok turns 4 into 0, and nothing else", () => {
  store("a");
  expect(restore("x", "--miss-ok")).toMatchObject({ exitCode: 0, stdout: "" });
  expect(restore("x", "--miss-ok").stderr).toStartWith("Keys not found in cache.\n");
  expect(restore("x,a", "--miss-ok").exitCode).toBe(3);
  const words = ["restore", "-c", scratch.path("none"), "-k", "a", "--miss-ok", scratch.path("to")];
  expect(btdt(words).exitCode).toBe(1);
});

test("environment variables stand in for options, and options win", () => {
  store("a");
  const env = { BTDT_CACHE: scratch.path("cache"), BTDT_KEYS: "x,y", BTDT_FALLBACK_PREFIX: "a" };
  const to = scratch.path("to");
  expect(btdt(["restore", to], { env })).toMatchObject({ exitCode: 3, stdout: "Restored key a\n" });
  expect(btdt(["restore", "-k", "a", to], { env })).toMatchObject({ exitCode: 0 });
  expect(btdt(["restore", "-k", "x", "--fallback-prefix", "n", to], { env })).toMatchObject({ exitCode: 4 });
  expect(btdt(["restore", "-c", scratch.path("none"), to], { env })).toMatchObject({ exitCode: 1 });
  expect(btdt(["store", to], { env })).toMatchObject({ exitCode: 0 });
  expect(btdt(["restore", to], { env })).toMatchObject({ exitCode: 0, stdout: "Restored key x\n" });
  expect(btdt(["restore", to], { env: { ...env, BTDT_LINK: "copy" } }).exitCode).toBe(0);
  expect(btdt(["restore", to], { env: { ...env, BTDT_LINK: "soft" } }).exitCode).toBe(2);
  expect(btdt(["clean"], { env: { ...env, BTDT_MAX_SIZE: "0" } }).stdout).toContain("Kept 0 entries");
  expect(btdt(["clean"], { env: { ...env, BTDT_MAX_AGE: "soon" } }).exitCode).toBe(2);
  const withResult = { ...env, BTDT_RESULT_FILE: scratch.path("result") };
  expect(btdt(["restore", to], { env: withResult }).exitCode).toBe(4);
  expect(readFileSync(scratch.path("result"), "utf8")).toBe("miss");
});

test("--quiet leaves results, what scripts look for, and errors", () => {
  store("a");
  expect(restore("a", "--quiet")).toEqual({ exitCode: 0, stdout: "Restored key a\n", stderr: "" });
  expect(restore("x", "-q")).toEqual({ exitCode: 4, stdout: "", stderr: "Keys not found in cache.\n" });
  expect(restore("", "-q").stderr).toStartWith("btdt: error: ");
  const words = ["restore", "-c", scratch.path("cache"), "-k", "a", scratch.path("to")];
  expect(btdt(words, { env: { BTDT_QUIET: "1" } }).stderr).toBe("");
  expect(btdt(words, { env: { BTDT_QUIET: "0" } }).stderr).not.toBe("");
});

test("--verbose prints the keys that result from templates", () => {
  const detail = `btdt: keys: ${process.platform}-x\n`;
  expect(restore("{{ os }}-x", "--verbose").stderr).toStartWith(detail);
  expect(restore("{{ os }}-x").stderr).not.toContain(detail);
  const words = ["restore", "-c", scratch.path("cache"), "-k", "{{ os }}-x", "-q", scratch.path("to")];
  expect(btdt(words, { env: { BTDT_VERBOSE: "true" } }).stderr).toStartWith(detail);
});

/** On a terminal of its own, by `script`. */
function onTerminal(env: Record<string, string>): string {
  const command = `'${BTDT}' hash '${scratch.path("missing")}'`;
  return run(["script", "-qec", command, "/dev/null"], { env: { TERM: "xterm", NO_COLOR: "", ...env } })
    .stdout;
}

testWith(["script"], "on a terminal errors are coloured, unless NO_COLOR is set", () => {
  expect(onTerminal({})).toContain("\u001b[31merror:\u001b[0m");
  expect(onTerminal({ NO_COLOR: "1" })).toStartWith("btdt: error: cannot hash");
  expect(onTerminal({ TERM: "dumb" })).toStartWith("btdt: error: cannot hash");
  expect(btdt(["hash", scratch.path("missing")], { env: { TERM: "xterm" } }).stderr).toStartWith(
    "btdt: error: ",
  );
});
