import { expect } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { TestCache } from "../support/cache.ts";
import { must, run } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { buildWheel, uv } from "./python-packages.ts";
import { expectLikeCopies, writeFiles } from "./trial.ts";

const scratch = Scratch.use();

const PYTHON = ".venv/bin/python";
const VERSION = [PYTHON, "-c", "import alpha, beta; print(alpha.VERSION, beta.VERSION)"];

function wheels(): string {
  const directory = scratch.directory("wheels");
  for (const version of ["1.0", "2.0"]) buildWheel(directory, "alpha", version);
  buildWheel(directory, "beta", "1.0");
  return directory;
}

testWith(
  ["python3"],
  "pip installs, upgrades and removes in A, B keeps what it has; packages are shared",
  async () => {
    const directory = wheels();
    const pip = (command: string, ...words: string[]) => [
      ...`python3 -m pip --python ${PYTHON} ${command} --quiet --disable-pip-version-check`.split(" "),
      ...(command === "install" ? ["--no-index", "--find-links", directory] : []),
      ...words,
    ];
    const { answers, shared } = await expectLikeCopies(scratch, {
      stored: ".venv",
      prepare(project) {
        must(["python3", "-m", "venv", "--without-pip", ".venv"], { cwd: project });
        must(pip("install", "alpha==1.0", "beta"), { cwd: project });
      },
      steps: [
        { at: "a", run: pip("install", "--upgrade", "alpha") },
        { at: "b", run: VERSION },
        { at: "b", run: pip("check") },
        { at: "a", run: pip("install", "--force-reinstall", "beta") },
        { at: "a", run: ["python3", "-m", "venv", "--without-pip", "--upgrade", ".venv"] },
        { at: "a", run: [PYTHON, "-m", "compileall", "-q", "-f", ".venv/lib"] },
        { at: "a", run: pip("uninstall", "--yes", "beta") },
        { at: "b", run: VERSION },
        { at: "b", run: pip("install", "alpha==1.0") },
        { at: "a", run: VERSION },
      ],
      random: /\.pyc$/,
    });
    expect(answers[1]?.output).toBe("1.0 1.0\n");
    expect(answers.at(-3)?.output).toBe("1.0 1.0\n");
    expect(answers.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(shared.filter((path) => path.endsWith("data.txt"))).toHaveLength(2);
    expect(shared.filter((path) => !path.includes("/site-packages/"))).toEqual([]);
  },
);

testWith(["python3", uv], "uv syncs A, B keeps what it has; packages are shared", async () => {
  const directory = wheels();
  const env = {
    UV_CACHE_DIR: scratch.path("uv-cache"),
    UV_OFFLINE: "1",
    UV_NO_INDEX: "1",
    UV_FIND_LINKS: directory,
  };
  const pip = (...words: string[]) => [uv.path(), "pip", ...words, "--python", PYTHON];
  const { answers, shared } = await expectLikeCopies(scratch, {
    stored: ".venv",
    env,
    prepare(project) {
      writeFiles(project, { "requirements.txt": "alpha==1.0\nbeta==1.0\n" });
      must([uv.path(), "venv", "--quiet", ".venv"], { cwd: project, env });
      must(pip("sync", "requirements.txt"), { cwd: project, env });
    },
    steps: [
      { at: "a", edit: (project) => writeFiles(project, { "requirements.txt": "alpha==2.0\n" }) },
      { at: "a", run: pip("sync", "requirements.txt") },
      { at: "b", run: pip("sync", "requirements.txt") },
      { at: "b", run: VERSION },
      { at: "a", run: pip("install", "--reinstall", "--compile-bytecode", "beta") },
      { at: "b", run: VERSION },
      { at: "a", run: VERSION },
      { at: "b", run: pip("freeze") },
    ],
    withoutTimes: (output) => output.replaceAll(/in \d+(\.\d+)?m?s|Prepared .*\n/g, ""),
    random: /\.pyc$|\/uv_cache\.json$/,
  });
  expect(answers[2]?.output).toBe("1.0 1.0\n");
  expect(answers[5]?.output).toBe("2.0 1.0\n");
  expect(answers.every(({ exitCode }) => exitCode === 0)).toBe(true);
  expect(shared.filter((path) => path.endsWith("data.txt"))).toHaveLength(2);
  expect(shared.filter((path) => !path.includes("/site-packages/"))).toEqual([]);
});

const RUN = ["python3", "main.py"];

testWith(["python3"], "byte code beside sources is each checkout's own", async () => {
  const module = (answer: number) => ({ "app/module.py": `ANSWER = ${answer}\n` });
  const { answers, shared } = await expectLikeCopies(scratch, {
    stored: "app",
    prepare(project) {
      writeFiles(project, { "main.py": "from app import module\nprint(module.ANSWER)\n", ...module(1) });
      must(RUN, { cwd: project });
    },
    steps: [
      { at: "a", run: RUN },
      { at: "b", run: RUN },
      { at: "a", edit: (project) => writeFiles(project, module(2)) },
      { at: "a", run: RUN },
      { at: "b", run: RUN },
      { at: "b", run: ["python3", "-m", "compileall", "-q", "-f", "app"] },
      { at: "a", run: RUN },
      { at: "b", edit: (project) => rmSync(join(project, "app/module.py")) },
      { at: "a", run: RUN },
    ],
    random: /\.pyc$/,
  });
  expect(answers.map(({ output }) => output)).toEqual(["1\n", "1\n", "2\n", "1\n", "", "2\n", "2\n"]);
  expect(shared).toEqual([]);
});

/** Two trees with the same sources, of different times, and the byte code that Python made for each. */
function storeTwice(cache: TestCache, ...options: string[]): void {
  for (const [name, seconds] of [
    ["one", 1_000_000_000],
    ["two", 1_100_000_000],
  ] as const) {
    const tree = scratch.directory(name);
    writeFiles(tree, { "module.py": "ANSWER = 42\n" });
    must(["touch", "-d", `@${seconds}`, join(tree, "module.py")]);
    must(["python3", "-m", "compileall", "-q", tree]);
    cache.store(name, name, ...options);
  }
}

/** What Python says about the byte code of a restored tree. */
function examineByteCode(name: string): string {
  const { stderr } = run(["python3", "-B", "-v", "-c", "import module"], { cwd: scratch.path(name) });
  const [said = ""] = /bytecode is stale|matches [^\n]*module\.py/.exec(stderr) ?? [];
  return said.replace(/matches .*/, "matches");
}

testWith(["python3"], "the byte code of two trees with equal sources of different times stays valid", () => {
  const cache = new TestCache(scratch);
  storeTwice(cache);
  for (const name of ["one", "two"]) {
    expect(cache.restore(name, `restored-${name}`).exitCode).toBe(0);
    expect({ name, says: examineByteCode(`restored-${name}`) }).toEqual({ name, says: "matches" });
  }
});

testWith(
  ["python3"],
  "with --ignore-mtime, byte code beside sources is stale: docs advise against it",
  () => {
    const cache = new TestCache(scratch);
    storeTwice(cache, "--ignore-mtime");
    const said = ["one", "two"].map((name) => {
      expect(cache.restore(name, `restored-${name}`).exitCode).toBe(0);
      return examineByteCode(`restored-${name}`);
    });
    expect(said).toEqual(["matches", "bytecode is stale"]);
  },
);
