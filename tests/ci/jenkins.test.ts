import { expect } from "bun:test";
import { realpathSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { prepareProject } from "./project.ts";

const scratch = Scratch.use();

testWith(["groovy", "java"], "the step of the shared library installs once, and says what it found", () => {
  const { project, PATH } = prepareProject(scratch);
  const file = scratch.path("Jenkinsfile");
  const env = { PATH, JAVA_HOME: dirname(dirname(realpathSync(Bun.which("java") ?? ""))) };
  const harness = join(import.meta.dir, "../docs/jenkinsfile.groovy");
  const execute = (text: string) => {
    writeFileSync(file, text);
    return run(["groovy", harness, file, join(import.meta.dir, "../../ci/jenkins")], { cwd: project, env });
  };
  const keys = `'npm-{{ hashFiles("package-lock.json") }}'`;
  const step = `
    def outcome = btdtCache(cache: "${scratch.path("cache's")}", keys: ${keys}, paths: ['node_modules']) { sh 'npm ci' }
    println "outcome: $outcome"`;
  const first = execute(step);
  expect(first.exitCode).toBe(0);
  expect(first.stdout).toContain("npm ci\n");
  expect(first.stdout).toContain("outcome: miss\n");
  rmSync(join(project, "node_modules"), { recursive: true });
  const second = execute(step);
  expect(second.exitCode).toBe(0);
  expect(second.stdout).toContain("outcome: hit\n");
  expect(second.stdout).not.toContain("npm ci");
  // The cache cannot be used: the build goes on.
  writeFileSync(scratch.path("no-cache"), "");
  const third = execute(step.replace("cache's", "no-cache"));
  expect(third.exitCode).toBe(0);
  expect(third.stdout).toContain("npm ci\n");
  expect(execute("btdtCache(keys: 'k') { sh 'true' }")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("btdtCache: cache is missing"),
  });
});
