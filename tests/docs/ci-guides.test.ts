import { expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { BTDT, run } from "../support/executable.ts";
import { describeWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { blocksOf, type MarkdownBlock } from "./markdown-blocks.ts";

const scratch = Scratch.use();
const guide = (name: string): string => readFileSync(join(import.meta.dir, "../../docs", name), "utf8");

const NPM = `#!/bin/sh
case $1 in
ci) echo "npm ci"; mkdir -p node_modules && cp package-lock.json node_modules/ ;;
esac
`;

/** A project, and an `npm` that says when it installs. */
function prepare(): Record<string, string> {
  for (const name of ["bin", "cache", "project"]) mkdirSync(scratch.path(name));
  writeFileSync(scratch.path("bin", "npm"), NPM);
  chmodSync(scratch.path("bin", "npm"), 0o755);
  symlinkSync(BTDT, scratch.path("bin", "btdt"));
  writeFileSync(scratch.path("project", "package-lock.json"), "{}");
  const cache = scratch.path("cache");
  return { PATH: `${scratch.path("bin")}:${process.env["PATH"]}`, CACHE: cache, BTDT_CACHE: cache };
}

/** Runs a script like a pipeline, twice: npm must be called only the first time. */
function expectOneInstall(script: string): void {
  expectOneInstallBy(["sh", "-ec", script], prepare());
}

function expectOneInstallBy(words: readonly string[], env: Record<string, string>): void {
  const once = () => run(words, { cwd: scratch.path("project"), env });
  const first = once();
  expect(first).toMatchObject({ exitCode: 0 });
  expect(first.stdout).toContain("npm ci\n");
  rmSync(scratch.path("project", "node_modules"), { recursive: true });
  const second = once();
  expect(second).toMatchObject({ exitCode: 0 });
  expect(second.stdout).not.toContain("npm ci");
  expect(readFileSync(scratch.path("project", "node_modules", "package-lock.json"), "utf8")).toBe("{}");
}

test("the shell script for any CI", () => {
  expectOneInstall(/```sh\n([\s\S]*?)```/.exec(guide("gitlab.md"))?.[1] ?? "exit 99");
});

test("the job for GitLab", () => {
  const jobs = blocksOf("docs/gitlab.md").filter(({ language }) => language === "yaml");
  expect(jobs).toHaveLength(1);
  const { test: job } = Bun.YAML.parse(jobs[0]?.text ?? "") as { test: { script: string[] } };
  expectOneInstall(job.script.join("\n"));
});

test("the shell steps for Jenkins", () => {
  const scripts = [...guide("jenkins.md").matchAll(/sh '''([\s\S]*?)'''/g)].map((match) => match[1] ?? "");
  expect(scripts).toHaveLength(2);
  expectOneInstall(scripts[0] ?? "");
});

test("the longer one for Jenkins", () => {
  expectOneInstall([...guide("jenkins.md").matchAll(/sh '''([\s\S]*?)'''/g)][1]?.[1] ?? "exit 99");
});

test("the commands of Jenkins' script step", () => {
  // What Groovy inserts.
  const key = 'node-modules-{{ hashFiles("package-lock.json") }}';
  expect(guide("jenkins.md")).toContain(`def key = '${key}'`);
  const commands = [...guide("jenkins.md").matchAll(/"(btdt (?:restore|store) [^"]*)"/g)];
  const [restore, store] = commands.map((match) => match[1]?.replace("${key}", key));
  expectOneInstall(`status=0; ${restore} || status=$?
    case $status in 0) ;; 4) npm ci; ${store} ;; *) exit 1 ;; esac`);
});

const jenkinsfiles = blocksOf("docs/jenkins.md").filter(({ language }) => language === "groovy");
const isCleaning = ({ text }: MarkdownBlock): boolean => text.includes("btdt clean");

/** Groovy's start script looks for Java in only one place. */
const groovyEnvironment = (): Record<string, string> => ({
  ...prepare(),
  JAVA_HOME: dirname(dirname(realpathSync(Bun.which("java") ?? ""))),
});

/** The command that runs a block of the guide, with the cache where the test has it. */
function jenkins(text: string): string[] {
  const path = scratch.path("Jenkinsfile");
  writeFileSync(path, text.replaceAll("/var/cache/btdt", scratch.path("cache")));
  return ["groovy", join(import.meta.dir, "jenkinsfile.groovy"), path];
}

describeWith(["groovy", "java"], "Jenkins' Groovy, its shell steps run", () => {
  const installing = jenkinsfiles.filter((block) => !isCleaning(block));
  test.each(installing.map(({ line, text }) => [line, text] as const))(
    "line %d: a miss installs, a hit does not",
    (_, text) => {
      const env = groovyEnvironment();
      expectOneInstallBy(jenkins(text), env);
    },
  );

  test("the job that trims", () => {
    const env = groovyEnvironment();
    const { exitCode, stdout } = run(jenkins(jenkinsfiles.find(isCleaning)?.text ?? ""), { env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "Kept 0 entries, 0 B\n" });
  });

  test("a failing script, an unknown step and a mistake in the syntax fail", () => {
    const env = groovyEnvironment();
    for (const [text = "", message = ""] of [
      ["sh 'exit 3'", "script returned exit code 3"],
      ["sh(returnStatus: true, script: 'exit 3')\nshell 'true'", "shell"],
      ["pipeline { stages { sh 'true' } }", "sh"],
      ["sh '''true", "startup failed"],
    ]) {
      const { exitCode, stderr } = run(jenkins(text), { env });
      expect({ text, exitCode, stderr }).toEqual({
        text,
        exitCode: 1,
        stderr: expect.stringContaining(message),
      });
    }
  });
});
