import { expect, test } from "bun:test";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { BTDT, btdt, type Finished } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

function words(options: readonly string[], command: readonly string[]): string[] {
  return [
    "run",
    "--create-cache",
    "-c",
    scratch.path("cache"),
    "-k",
    "k",
    ...options,
    "out",
    "--",
    ...command,
  ];
}

function run(command: readonly string[], ...options: string[]): Finished {
  return btdt(words(options, command), { cwd: scratch.path() });
}

const MAKE = ["sh", "-c", "mkdir -p out && echo made >out/file && echo said"];

test("a miss runs the command and stores its results, a hit does not", () => {
  const missed = run(MAKE);
  expect(missed).toMatchObject({ exitCode: 0, stdout: "said\n" });
  expect(missed.stderr).toStartWith("Keys not found in cache.\n");
  expect(missed.stderr).toContain("btdt: stored 1 file, 5 B as k");
  rmSync(scratch.path("out"), { recursive: true });
  const hit = run(MAKE);
  expect(hit).toMatchObject({ exitCode: 0, stdout: "" });
  expect(hit.stderr).toStartWith("btdt: restored key k, 1 file, 5 B: 1 copied in ");
  expect(readFileSync(scratch.path("out", "file"), "utf8")).toBe("made\n");
});

test("other files at the path stay on a hit, unless --exact is given", () => {
  run(MAKE);
  writeFileSync(scratch.path("out", "other"), "other");
  expect(run(MAKE)).toMatchObject({ exitCode: 0, stdout: "" });
  expect(readdirSync(scratch.path("out")).toSorted()).toEqual(["file", "other"]);
  expect(run(MAKE, "--exact")).toMatchObject({ exitCode: 0, stdout: "" });
  expect(readdirSync(scratch.path("out"))).toEqual(["file"]);
});

test("a fallback is restored, the command runs on it, and the result is stored under the primary key", () => {
  run(MAKE);
  rmSync(scratch.path("out"), { recursive: true });
  const more = ["sh", "-c", "cat out/file && echo more >out/more"];
  expect(run(more, "-k", "none")).toMatchObject({ exitCode: 0, stdout: "" });
  const options = ["run", "-c", scratch.path("cache"), "--fallback-prefix", "k"];
  const fallback = (key: string) =>
    btdt([...options, "-k", key, "out", "--", ...more], { cwd: scratch.path() });
  expect(fallback("k2")).toMatchObject({ exitCode: 0, stdout: "made\n" });
  rmSync(scratch.path("out"), { recursive: true });
  expect(fallback("k2")).toMatchObject({ exitCode: 0, stdout: "" });
  expect(existsSync(scratch.path("out", "more"))).toBe(true);
});

test("the exit status is the command's, and a failed command's results are not stored", () => {
  expect(run(["sh", "-c", "mkdir -p out; exit 42"]).exitCode).toBe(42);
  expect(run(["sh", "-c", "kill -KILL $$"]).exitCode).toBe(137);
  expect(run(["sh", "-c", "exit 4"]).stderr).toContain("the command ended with 4; nothing was stored");
  expect(run(MAKE).stderr).toStartWith("Keys not found in cache.\n");
});

test("a missing command is 127, one that cannot be run 126", () => {
  for (const command of ["btdt-no-such-command", "./none", ""]) {
    const { exitCode, stdout, stderr } = run([command]);
    expect({ command, exitCode, stdout }).toEqual({ command, exitCode: 127, stdout: "" });
    expect(stderr).toContain(`cannot run ${command}: command not found`);
  }
  writeFileSync(scratch.path("plain"), "");
  chmodSync(scratch.path("plain"), 0o644);
  expect(run(["./plain"])).toMatchObject({ exitCode: 126, stdout: "" });
});

test("a missing command or path is a usage error", () => {
  for (const wrong of [
    words([], []),
    words([], ["x"]).slice(0, -2),
    ["run", "-c", "c", "-k", "k", "--", "true"],
  ]) {
    const { exitCode, stdout, stderr } = btdt(wrong, { cwd: scratch.path() });
    expect({ wrong, exitCode, stdout }).toEqual({ wrong, exitCode: 2, stdout: "" });
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  }
  expect(existsSync(scratch.path("cache"))).toBe(false);
});

test("everything after -- belongs to the command, even options", () => {
  const odd = ["--help", "--", "-k", "a b", "", "*"];
  const shown = run(["sh", "-c", 'mkdir out; printf "[%s]" "$0" "$@"', ...odd]);
  expect(shown).toMatchObject({ exitCode: 0, stdout: odd.map((word) => `[${word}]`).join("") });
});

test("the command has the environment and the standard input of btdt", () => {
  const script = `mkdir out; read line; echo "$line $BTDT_TEST_VALUE"; env | grep -c "^LD_"`;
  const piped = Bun.spawnSync([BTDT, ...words([], ["sh", "-c", script])], {
    cwd: scratch.path(),
    stdin: Buffer.from("typed\n"),
    env: { ...process.env, BTDT_TEST_VALUE: "value", LD_BTDT_TEST: "1" },
  });
  expect(piped.stdout.toString()).toBe("typed value\n1\n");
});

test("--always runs it on a hit, too, and leaves the entry as it was", () => {
  run(MAKE);
  rmSync(scratch.path("out"), { recursive: true });
  const again = run(["sh", "-c", "cat out/file; rm out/file; echo new >out/new; exit 5"], "--always");
  expect(again).toMatchObject({ exitCode: 5, stdout: "made\n" });
  expect(run(["sh", "-c", "echo new >out/new"], "--always").exitCode).toBe(0);
  rmSync(scratch.path("out"), { recursive: true });
  run(["true"]);
  expect(readFileSync(scratch.path("out", "file"), "utf8")).toBe("made\n");
  expect(existsSync(scratch.path("out", "new"))).toBe(false);
});

test("results that cannot be stored are a warning: the command's exit status stands", () => {
  const { exitCode, stderr } = run(["true"]);
  expect(exitCode).toBe(0);
  expect(stderr).toContain("btdt: warning: nothing was stored: cannot store out: no such file or directory");
});

test("the result file is written before the command runs", () => {
  const script = `mkdir -p out; cat '${scratch.path("result")}'`;
  expect(run(["sh", "-c", script], "--result-file", scratch.path("result")).stdout).toBe("miss");
  expect(run(["sh", "-c", script], "--result-file", scratch.path("result"), "--always").stdout).toBe("hit");
  expect(run(["echo", "ran"], "--result-file", scratch.path("none", "result"))).toMatchObject({
    exitCode: 1,
    stdout: "",
  });
});

const TWO = ["sh", "-c", "mkdir -p out/deep && echo one >out/deep/file && echo two >state"];

function runPaths(paths: readonly string[], command: readonly string[], ...options: string[]): Finished {
  const cache = ["--create-cache", "-c", scratch.path("cache")];
  return btdt(["run", ...cache, "-k", "several", ...options, ...paths, "--", ...command], {
    cwd: scratch.path(),
  });
}

function removePaths(): void {
  for (const path of ["out", "state"]) rmSync(scratch.path(path), { recursive: true, force: true });
}

test("several paths are one entry, and their parent directories are created", () => {
  const missed = runPaths(["out/deep", "state"], TWO);
  expect(missed).toMatchObject({ exitCode: 0 });
  expect(missed.stderr).toContain("btdt: stored 2 paths, 2 files, 8 B as several");
  removePaths();
  const hit = runPaths(["out/deep", "state"], ["false"]);
  expect(hit).toMatchObject({ exitCode: 0, stdout: "" });
  expect(hit.stderr).toStartWith("btdt: restored key several, 2 paths, 2 files, 8 B: 2 copied in ");
  expect(readFileSync(scratch.path("out", "deep", "file"), "utf8")).toBe("one\n");
  expect(readFileSync(scratch.path("state"), "utf8")).toBe("two\n");
  const restored = btdt(["restore", "-c", scratch.path("cache"), "-k", "several"], {
    cwd: scratch.directory("elsewhere"),
  });
  expect(restored.exitCode).toBe(0);
  expect(readFileSync(scratch.path("elsewhere", "out", "deep", "file"), "utf8")).toBe("one\n");
});

test("the same paths in another order each get their own tree", () => {
  runPaths(["out/deep", "state"], TWO);
  removePaths();
  expect(runPaths(["./state", "out//deep/"], ["false"]).exitCode).toBe(0);
  expect(readFileSync(scratch.path("state"), "utf8")).toBe("two\n");
  expect(readFileSync(scratch.path("out", "deep", "file"), "utf8")).toBe("one\n");
});

test("an entry with a different number of paths counts as a miss and is replaced", () => {
  runPaths(["state"], TWO, "--result-file", scratch.path("result"));
  const other = runPaths(["out/deep", "state"], TWO, "--result-file", scratch.path("result"));
  expect(other.exitCode).toBe(0);
  expect(other.stderr).toContain(
    "warning: the entry of key several has 1 path (state), but 2 were given; it counts as a miss",
  );
  expect(other.stderr).not.toContain("destination");
  expect(readFileSync(scratch.path("result"), "utf8")).toBe("miss");
  removePaths();
  expect(runPaths(["out/deep", "state"], ["false"]).exitCode).toBe(0);
});

test("all of several paths must exist after the command, or nothing is stored", () => {
  const { exitCode, stderr } = runPaths(["out", "none"], TWO);
  expect(exitCode).toBe(0);
  expect(stderr).toContain("warning: nothing was stored: cannot store none: no such file or directory");
  expect(runPaths(["out", "none"], ["true"]).stderr).toStartWith("Keys not found in cache.\n");
});

test("overlapping paths are usage errors, and the command does not run", () => {
  for (const paths of [
    ["out", "out/deep"],
    ["state", "./state"],
  ]) {
    const { exitCode, stdout, stderr } = runPaths(paths, ["echo", "ran"]);
    expect({ paths, exitCode, stdout }).toEqual({ paths, exitCode: 2, stdout: "" });
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  }
});

test("the parent directory of a path may be missing, also on a miss", () => {
  const made = runPaths(["out/deep/file"], TWO);
  expect(made.exitCode).toBe(0);
  removePaths();
  expect(runPaths(["out/deep/file"], ["false"]).exitCode).toBe(0);
  expect(readFileSync(scratch.path("out", "deep", "file"), "utf8")).toBe("one\n");
  const upwards = runPaths(["missing/../out"], ["echo", "ran"]);
  expect(upwards).toMatchObject({ exitCode: 0, stdout: "ran\n" });
  expect(upwards.stderr).toContain("warning: running without the cache, storing nothing: cannot restore");
  expect(upwards.stderr).toContain("the directory missing/..");
});
