import { expect } from "bun:test";
import { join } from "node:path";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { prisma } from "./node-packages.ts";
import { expectLikeCopies, writeFiles } from "./trial.ts";

const scratch = Scratch.use();

function schema(model: string): string {
  const blocks = [
    'generator client {\n  provider = "prisma-client-js"\n  engineType = "client"\n}',
    'datasource db {\n  provider = "sqlite"\n  url = "file:./data.db"\n}',
    `model ${model} {\n  id Int @id\n}`,
  ];
  return `${blocks.join("\n\n")}\n`;
}

testWith(["node", "npm", prisma], "prisma generate in A does not change the client that B has", async () => {
  const modules = join(prisma.path(), "../../..");
  const generate = ["node", prisma.path(), "generate", "--no-hints"];
  const env = {
    HOME: scratch.directory("home"),
    XDG_CACHE_HOME: scratch.path("cache-home"),
    CHECKPOINT_DISABLE: "1",
    // An engine that generating does not call, but that would be downloaded.
    PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true",
  };
  const show = ["node", "-p", "Object.keys(require('@prisma/client').Prisma.ModelName).join()"];
  const { answers, shared } = await expectLikeCopies(scratch, {
    stored: "node_modules",
    env,
    prepare(project) {
      writeFiles(project, { "package.json": "{}", "prisma/schema.prisma": schema("User") });
      must(["mkdir", "-p", join(project, "node_modules", "@prisma")]);
      must(["cp", "-a", join(modules, "@prisma", "client"), join(project, "node_modules", "@prisma")]);
      must(generate, { cwd: project, env });
    },
    steps: [
      { at: "a", edit: (checkout) => writeFiles(checkout, { "prisma/schema.prisma": schema("Order") }) },
      { at: "a", run: generate },
      { at: "b", run: show },
      { at: "a", run: show },
    ],
    withoutTimes: (output) => output.replaceAll(/in \d+m?s/g, "in N s"),
  });
  const shown = answers.filter(({ command }) => command.includes("node -p"));
  expect(shown.map(({ output }) => output)).toEqual(["User\n", "Order\n"]);
  expect(shared.filter((path) => path.includes("/.prisma/"))).toEqual([]);
});
