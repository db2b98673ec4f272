import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import packageJson from "../../package.json" with { type: "json" };
import { BTDT, btdt, run } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

/** Wrong wherever it is called: exit 2, one line on stderr that has all the words, nothing on stdout. */
function expectUsageError(words: readonly string[], ...expected: readonly string[]): void {
  const { exitCode, stdout, stderr } = btdt(words, { cwd: scratch.path() });
  expect({ words, exitCode, stdout, stderrLines: stderr.trimEnd().split("\n").length }).toEqual({
    words,
    exitCode: 2,
    stdout: "",
    stderrLines: 1,
  });
  expect(stderr).toStartWith("btdt: error: ");
  for (const word of expected) expect(stderr).toContain(word);
}

test("no command, or an unknown one, names those that exist", () => {
  expectUsageError([], "no command", "restore");
  expectUsageError(["stor"], "stor", "Did you mean store?");
  expectUsageError(["wipe"], "unknown command", "wipe");
  expectUsageError(["--frobnicate"], "--frobnicate");
  expect(btdt(["help", "nope"]).stderr).toBe("btdt: error: unknown command 'nope' (see btdt --help)\n");
  expect(btdt(["help", "stor"]).stderr).toContain("Did you mean store?");
  expect(btdt(["--cache", "X", "store"])).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: "btdt: error: --cache comes before the command (write options after it: btdt store --cache)\n",
  });
});

test("unknown options are rejected, with a suggestion", () => {
  scratch.directory("cache");
  scratch.directory("tree");
  expectUsageError(["store", "-c", "cache", "-k", "k", "--exclud", "x", "tree"], "Did you mean --exclude?");
  expectUsageError(
    ["restore", "-c", "cache", "-k", "k", "--kye", "x", "tree"],
    "--kye",
    "Did you mean --keys?",
  );
  expectUsageError(["clean", "-c", "cache", "--max-sizes", "1G"], "Did you mean --max-size?");
  expectUsageError(["hash", "--fast", "tree"], "--fast");
});

test("a mistyped option is reported, whatever else is missing", () => {
  const env = ["BTDT_CACHE", "BTDT_KEYS"].flatMap((name) => ["-u", name]);
  expect(run(["env", ...env, BTDT, "store", "--kye", "x"]).stderr).toBe(
    "btdt: error: unknown option '--kye' (Did you mean --keys?) (see btdt --help)\n",
  );
  for (const command of [
    "store",
    "restore",
    "run",
    "clean",
    "verify",
    "export",
    "import",
    "list",
    "inspect",
    "delete",
    "stats",
  ]) {
    expectUsageError([command, "--cahce", "dir"], "unknown option '--cahce'", "Did you mean --cache?");
  }
  expectUsageError(["hash", "--algoritm", "x"], "Did you mean --algorithm?");
  expectUsageError(["completion", "--quite"], "Did you mean --quiet?");
  expectUsageError(["restore", "--miss-okay", "-k", "k", "d"], "Did you mean --miss-ok?");
});

test("missing and surplus arguments", () => {
  expectUsageError(["hash"], "path");
  expectUsageError(["store", "-k", "k", "tree"], "--cache");
  expectUsageError(["store", "-c", "cache", "tree"], "--keys");
  expectUsageError(["store", "-c", "cache", "-k", "k"], "source");
  expectUsageError(["inspect", "-c", "cache", "one", "two"], "too many arguments");
  expectUsageError(["clean"], "--cache");
  expectUsageError(["clean", "-c", "cache", "surplus"], "too many arguments");
  expectUsageError(["restore", "-c", "cache", "-k", "k", "--link", "soft", "d"], "auto, reflink, hard, copy");
});

test("invalid sizes and durations say what is accepted", () => {
  scratch.directory("cache");
  for (const size of ["ten", "", "10", "123", "10X", "-1G", "1e3", "0x10", "1 0G", "GiB"]) {
    expectUsageError(["clean", "-c", "cache", `--max-size=${size}`], `"${size}"`, "500MB", "10GiB");
  }
  for (const duration of ["week", "", "7", "7 fortnights", "-1d", "d", "1d 5"]) {
    expectUsageError(["clean", "-c", "cache", `--max-age=${duration}`], `"${duration}"`, "7d", "1d 12h");
  }
});

test("every listed form of size and duration is accepted", () => {
  scratch.directory("cache");
  for (const size of ["10GiB", "500MB", "500Mi", "1G", "1.5 TiB", "0", "123B", "7kb"]) {
    expect(btdt(["clean", "-c", "cache", "--max-size", size], { cwd: scratch.path() }).exitCode).toBe(0);
  }
  for (const duration of ["7d", "48h", "1d 12h", "7days", "1h30m", "0s", "2 weeks"]) {
    expect(btdt(["clean", "-c", "cache", "--max-age", duration], { cwd: scratch.path() }).exitCode).toBe(0);
  }
});

describe("asked for help", () => {
  test("it lists commands and exit codes on stdout", () => {
    for (const words of [["--help"], ["-h"], ["help"]]) {
      const { exitCode, stdout, stderr } = btdt(words);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      for (const word of ["hash", "store", "restore", "clean", "Exit status: 0", "3 ", "4 "]) {
        expect(stdout).toContain(word);
      }
    }
  });

  test("each command lists its options", () => {
    const options = {
      hash: [],
      store: ["--cache", "--keys", "--exclude", "--ignore-mtime"],
      restore: ["--cache", "--keys", "--success-rc-on-any-key", "--exact", "--link"],
      clean: ["--cache", "--max-age", "--max-size", "--dry-run"],
    };
    for (const [command, expected] of Object.entries(options)) {
      const { exitCode, stdout, stderr } = btdt([command, "--help"]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      for (const option of expected) expect(stdout).toContain(option);
      expect(stdout).toContain(`btdt ${command}`);
    }
  });
});

test("the version is the package's", () => {
  expect(btdt(["--version"])).toEqual({ exitCode: 0, stdout: `${packageJson.version}\n`, stderr: "" });
  expect(btdt(["-V"]).stdout).toBe(`${packageJson.version}\n`);
});

test("a stdout that takes nothing is an error, not a success and not a bug in btdt", () => {
  writeFileSync(scratch.path("file"), "content");
  const words = ["sh", BTDT, scratch.path("file")];
  const full = run(["sh", "-c", '"$1" hash "$2" >/dev/full', ...words]);
  expect(full.exitCode).toBe(1);
  expect(full.stderr).toBe("btdt: error: cannot write to standard output: no space left on the device\n");
});

test("a stderr that takes nothing changes neither work nor exit code", () => {
  const cache = scratch.directory("cache");
  const through = ["sh", "-c", '"$@" 2>/dev/full', "sh"];
  writeFileSync(scratch.path("file"), "content");
  expect(btdt(["store", "-c", cache, "-k", "k", scratch.path("file")], { through }).exitCode).toBe(0);
  const restored = btdt(["restore", "-c", cache, "-k", "k", scratch.path("to")], { through });
  expect(restored).toEqual({ exitCode: 0, stdout: "Restored key k\n", stderr: "" });
  expect(btdt(["restore", "-c", cache, "-k", "none", scratch.path("to")], { through }).exitCode).toBe(4);
  expect(btdt(["hash", scratch.path("missing")], { through }).exitCode).toBe(1);
});
