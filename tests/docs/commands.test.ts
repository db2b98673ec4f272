import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BTDT, must, run } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";
import { commandNames, commandReference, helpOf, REFERENCE_PATH } from "./command-reference.ts";

const scratch = Scratch.use();

test("the reference is what help says", () => {
  expect(readFileSync(REFERENCE_PATH, "utf8")).toBe(commandReference());
});

test("the README names every command", () => {
  const readme = readFileSync(join(import.meta.dir, "../../README.md"), "utf8");
  for (const name of commandNames()) expect(readme).toMatch(new RegExp(`^btdt ${name} `, "m"));
});

test("every command's help has examples, and each works", () => {
  const cache = scratch.directory("cache");
  const project = scratch.directory("project", "node_modules");
  scratch.directory("project", ".next", "cache");
  const home = scratch.directory("home");
  mkdirSync(scratch.path("home", ".local/share/bash-completion/completions"), { recursive: true });
  writeFileSync(scratch.path("project", "package-lock.json"), "{}");
  scratch.directory("bin");
  symlinkSync(BTDT, scratch.path("bin", "btdt"));
  writeFileSync(scratch.path("bin", "npm"), "#!/bin/sh\nmkdir -p node_modules\n");
  chmodSync(scratch.path("bin", "npm"), 0o755);
  for (const key of ["node-modules", "node-modules-1", "node-modules-2"])
    must([BTDT, "store", "-c", cache, "-k", key, project]);
  const env = { HOME: home, PATH: `${scratch.path("bin")}:${process.env["PATH"]}` };

  // A restore needs something stored, a pin comes before it is removed, and a deletion last.
  const order = ["hash", "store", "restore"];
  const rank = (name: string): number =>
    name === "delete" ? 100 : name === "unpin" ? 99 : order.indexOf(name);
  for (const name of commandNames().toSorted((left, right) => rank(left) - rank(right))) {
    const examples = /\nExamples?:\n([^]+)$/.exec(helpOf(name))?.[1]?.split("\n") ?? [];
    expect({ name, count: examples.length }).not.toEqual({ name, count: 0 });
    for (const example of examples) {
      expect(example).toStartWith(`  btdt ${name} `);
      const script = example.trim().replaceAll(" /cache", ` ${cache}`);
      const { exitCode, stderr } = run(["sh", "-ec", script], { cwd: scratch.path("project"), env });
      expect({ script, exitCode, stderr }).toMatchObject({ script, exitCode: 0 });
    }
  }
});
