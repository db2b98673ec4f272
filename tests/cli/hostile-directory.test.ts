import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { compareTrees } from "../support/compare-trees.ts";
import { btdt } from "../support/executable.ts";
import { sha256 } from "../support/expected-digests.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();

/** Everything that the runtime btdt is made with would read and run, if it looked. */
function makeHostile(): string {
  const evil = (name: string) =>
    file(
      `require("node:fs").writeFileSync(${JSON.stringify(scratch.path(`ran-${name}`))}, "x"); process.exit(66);`,
    );
  makeTree(
    scratch.path("hostile"),
    dir({
      "bunfig.toml": file(
        'preload = ["./preload.js"]\n[run]\npreload = ["./preload.js"]\n[test]\npreload = ["./preload.js"]\n',
      ),
      "preload.js": evil("preload"),
      ".env": file(
        "BUN_OPTIONS=--preload=./preload.js\nNODE_OPTIONS=--require=./preload.js\nHOME=/nonexistent\nTMPDIR=/nonexistent\n",
      ),
      ".env.local": file("BUN_INSPECT=ws://localhost:1\n"),
      ".env.production": file("X=1\n"),
      "package.json": file(
        '{"name":"btdt","type":"commonjs","main":"./preload.js","imports":{"#x":"./preload.js"}}',
      ),
      "tsconfig.json": file('{"compilerOptions":{"paths":{"*":["./preload.js"]},"jsxImportSource":"evil"}}'),
      "worker.js": evil("worker"),
      "worker.ts": evil("worker-ts"),
      "main.ts": evil("main"),
      node_modules: dir({
        commander: dir({
          "index.js": evil("commander"),
          "package.json": file('{"name":"commander","main":"index.js"}'),
        }),
        ignore: dir({
          "index.js": evil("ignore"),
          "package.json": file('{"name":"ignore","main":"index.js"}'),
        }),
        "bun:ffi": dir({ "index.js": evil("ffi") }),
      }),
    }),
  );
  return scratch.path("hostile");
}

test("a hostile working directory changes nothing, for any command", () => {
  const cwd = makeHostile();
  const cache = scratch.directory("cache");
  // Large enough for worker threads, which are started from code of their own.
  const many = Array.from({ length: 900 }, (_, index) => [`f${index}`, file(`${index}`)] as const);
  makeTree(scratch.path("tree"), dir({ a: dir(Object.fromEntries(many)), b: dir(Object.fromEntries(many)) }));
  makeTree(scratch.path("file"), file("content"));
  expect(btdt(["hash", scratch.path("file")], { cwd })).toEqual({
    exitCode: 0,
    stdout: `${sha256("content").toString("hex")}\n`,
    stderr: "",
  });
  expect(btdt(["store", "-c", cache, "-k", "key", scratch.path("tree")], { cwd })).toMatchObject({
    exitCode: 0,
  });
  expect(btdt(["restore", "-c", cache, "-k", "key", scratch.path("to")], { cwd })).toMatchObject({
    exitCode: 0,
  });
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
  expect(btdt(["clean", "-c", cache], { cwd })).toMatchObject({ exitCode: 0, stderr: "" });
  expect(btdt(["--version"], { cwd })).toMatchObject({ exitCode: 0, stderr: "" });
  for (const name of ["preload", "worker", "worker-ts", "main", "commander", "ignore", "ffi"]) {
    expect(existsSync(scratch.path(`ran-${name}`))).toBe(false);
  }
});

test("the hostile directory itself is stored and restored like any other", () => {
  const cwd = makeHostile();
  const cache = scratch.directory("cache");
  expect(btdt(["store", "-c", cache, "-k", "key", "."], { cwd })).toMatchObject({ exitCode: 0 });
  expect(btdt(["restore", "-c", cache, "-k", "key", "."], { cwd })).toMatchObject({ exitCode: 0 });
  expect(btdt(["restore", "-c", cache, "-k", "key", scratch.path("to")], { cwd })).toMatchObject({
    exitCode: 0,
  });
  expect(compareTrees(cwd, scratch.path("to"))).toEqual([]);
  expect(readFileSync(scratch.path("to", ".env"), "utf8")).toContain("BUN_OPTIONS");
});

test("it needs neither HOME nor PATH nor a temporary directory", () => {
  makeTree(scratch.path("tree"), dir({ a: file("a") }));
  const cache = scratch.directory("cache");
  const through = ["env", "-i"];
  expect(btdt(["store", "-c", cache, "-k", "key", scratch.path("tree")], { through })).toMatchObject({
    exitCode: 0,
  });
  expect(btdt(["restore", "-c", cache, "-k", "key", scratch.path("to")], { through })).toMatchObject({
    exitCode: 0,
  });
  expect(compareTrees(scratch.path("tree"), scratch.path("to"))).toEqual([]);
});
