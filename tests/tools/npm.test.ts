import { expect } from "bun:test";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { hasNodeHeaders, nodeHeaders, packNodePackage } from "./node-packages.ts";
import { npmTrial, VERSION } from "./npm-trial.ts";
import { expectLikeCopies, playLinked, type Trial } from "./trial.ts";

const scratch = Scratch.use();

const newerInA = (newer: string): Trial["steps"] => [
  { at: "a", run: ["npm", "install", newer] },
  { at: "b", run: ["npm", "ls"] },
  { at: "b", run: ["npm", "install"] },
  { at: "b", run: VERSION },
  { at: "a", run: ["npm", "ls"] },
  { at: "a", run: VERSION },
];

testWith(["npm"], "npm install of another version in A leaves B alone; packages are shared", async () => {
  const { answers, shared } = await expectLikeCopies(scratch, npmTrial(scratch, newerInA));
  expect(answers.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(answers[3]?.output).toBe("one 1.0.0\n");
  expect(answers[5]?.output).toBe("one 2.0.0\n");
  const packages = ["one", "two"].flatMap((name) => [`${name}/index.js`, `${name}/package.json`]);
  expect(shared).toEqual(packages.map((name) => `node_modules/${name}`));
});

testWith(["npm"], "npm ci, update and uninstall in A leave B alone", async () => {
  const commands = [["ci"], ["update"], ["uninstall", "two"]];
  const { answers } = await expectLikeCopies(
    scratch,
    npmTrial(scratch, () => [
      ...commands.map((words) => ({ at: "a", run: ["npm", ...words] }) as const),
      { at: "b", run: ["npm", "ls"] },
      { at: "b", run: ["npm", "ci"] },
      { at: "a", run: VERSION },
      { at: "b", run: VERSION },
    ]),
  );
  expect(answers.every(({ exitCode }) => exitCode === 0)).toBe(true);
});

testWith(["npm"], "with everything linked, npm in B believes in what A has installed", async () => {
  const { control, linked } = await playLinked(scratch, npmTrial(scratch, newerInA));
  expect(control.answers[1]).toMatchObject({ exitCode: 0 });
  expect(linked.answers[1]).toMatchObject({ exitCode: 1 });
  expect(linked.intrusions.join("\n")).toContain("node_modules/.package-lock.json");
});

/** A package that node-gyp builds, without a network. */
function packNative(directory: string): string {
  return packNodePackage(directory, "three", "1.0.0", {
    manifest: {
      gypfile: true,
      scripts: { install: `node-gyp rebuild --nodedir=${nodeHeaders()}`, build: "node-gyp build --silent" },
    },
    files: {
      "package/index.js": 'module.exports = require("./build/Release/native.node");\n',
      "package/binding.gyp": '{ "targets": [{ "target_name": "native", "sources": ["native.c"] }] }\n',
      "package/native.c":
        "#include <node_api.h>\nNAPI_MODULE_INIT() { napi_value v; napi_create_int32(env, 42, &v); return v; }\n",
    },
  });
}

testWith(["npm", "g++", "make", hasNodeHeaders], "node-gyp builds in A, B has its own build", async () => {
  const load = ["node", "-p", "require('three')"];
  const directory = "node_modules/three";
  // As a script of npm's, it finds npm's own node-gyp.
  const gyp = ["npm", "run", "--prefix", directory, "build"];
  const { answers, shared } = await expectLikeCopies(
    scratch,
    npmTrial(
      scratch,
      () => [
        { at: "a", edit: (project) => must(["sed", "-i", "s/42/43/", `${project}/${directory}/native.c`]) },
        { at: "a", run: gyp },
        { at: "a", run: load },
        { at: "b", run: load },
        { at: "b", run: ["npm", "rebuild"] },
        { at: "b", run: load },
      ],
      { pack: packNative },
    ),
  );
  expect(answers.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0]);
  expect([1, 2, 4].map((index) => answers[index]?.output)).toEqual(["43\n", "42\n", "42\n"]);
  expect(shared.filter((path) => path.includes("/build/"))).toEqual([]);
  expect(shared).toContain("node_modules/three/native.c");
});
