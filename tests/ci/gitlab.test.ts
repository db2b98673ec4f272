import { expect } from "bun:test";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { npmTool } from "../tools/node-packages.ts";
import { prepareProject } from "./project.ts";

const scratch = Scratch.use();

/** Runs pipelines without GitLab; the last version for Node.js 20. */
const runner = npmTool("gitlab-ci-local", "4.55.0", "node_modules/.bin/gitlab-ci-local");

const PIPELINE = `
include:
  - local: btdt.yml
    inputs:
      name: .node-modules
      cache: CACHE
      keys: 'npm-{{ hashFiles("package-lock.json") }}'
      paths: node_modules dist
      command: npm ci && mkdir -p dist && echo "it's $(ls node_modules)" >dist/list

test:
  extends: .node-modules
  script:
    - cat dist/list
`;

testWith(["node", "npm", "git", "rsync", runner], "a job that extends the component's installs once", () => {
  const { project: cwd, PATH } = prepareProject(scratch);
  cpSync(join(import.meta.dir, "../../ci/gitlab/btdt.yml"), join(cwd, "btdt.yml"));
  writeFileSync(join(cwd, ".gitlab-ci.yml"), PIPELINE.replace("CACHE", scratch.path("cache")));
  must(["git", "init", "--quiet", "--initial-branch=main"], { cwd });
  must(["git", "remote", "add", "origin", "git@gitlab.example:group/project.git"], { cwd });
  must(["git", "add", "--all"], { cwd });
  const author = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
  must(["git", ...author, "commit", "--quiet", "--message=project"], { cwd });
  const execute = (): string =>
    must([runner.path(), "--shell-isolation", "test"], { cwd, env: { PATH, HOME: scratch.path() } });
  const first = execute();
  expect(first).toContain("npm ci\n");
  expect(first).toContain("it's package-lock.json\n");
  const second = execute();
  expect(second).not.toContain("npm ci\n");
  expect(second).toContain("it's package-lock.json\n");
});
