import { expect } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { expectLikeCopies, writeFiles } from "./trial.ts";

const scratch = Scratch.use();

/** What every module proxy serves, as files. */
function publishModule(proxy: string, version: string): void {
  const directory = join(proxy, "example.com/library/@v");
  mkdirSync(directory, { recursive: true });
  const manifest = "module example.com/library\n\ngo 1.19\n";
  const files = { "go.mod": manifest, "library.go": `package library\n\nconst Version = "${version}"\n` };
  const inArchive = Object.entries(files).map(
    ([name, text]) => [`example.com/library@${version}/${name}`, strToU8(text)] as const,
  );
  writeFiles(directory, {
    [`${version}.mod`]: manifest,
    [`${version}.info`]: JSON.stringify({ Version: version, Time: "2020-01-01T00:00:00Z" }),
  });
  writeFileSync(join(directory, `${version}.zip`), zipSync(Object.fromEntries(inArchive)));
  must(["sh", "-c", `ls | sed -n 's/.mod$//p' >list`], { cwd: directory });
}

const MAIN = 'package main\n\nimport "example.com/library"\n\nfunc main() { println(library.Version) }\n';

/** A project that finds its modules and what it compiled in its own directory. */
function goEnvironment(): Record<string, string> {
  return {
    GOPROXY: `file://${scratch.path("proxy")}`,
    GOSUMDB: "off",
    GOFLAGS: "-mod=mod",
    GOTOOLCHAIN: "local",
    GOENV: "off",
    GOPATH: scratch.path("unused"),
    CGO_ENABLED: "0",
  };
}

/** Caches relative to the checkout: Go wants absolute paths. */
const inCheckout = (...words: string[]) => [
  "sh",
  "-c",
  'GOMODCACHE=$PWD/go/pkg/mod GOCACHE=$PWD/go/build exec go "$@"',
  "go",
  ...words,
];

testWith(
  ["go"],
  "Go's caches: modules are shared, what is compiled and when it was used is not",
  async () => {
    const env = goEnvironment();
    publishModule(scratch.path("proxy"), "v1.0.0");
    const { answers, shared } = await expectLikeCopies(scratch, {
      stored: "go",
      env,
      prepare(project) {
        writeFiles(project, {
          "go.mod": "module project\n\ngo 1.19\n\nrequire example.com/library v1.0.0\n",
          "main.go": MAIN,
        });
        must(inCheckout("build", "-o", "program", "."), { cwd: project, env });
        publishModule(scratch.path("proxy"), "v1.1.0");
        // Go refreshes the time of what it uses if that is more than an hour ago.
        must(["find", "go/build", "-type", "f", "-exec", "touch", "-d", "2 hours ago", "{}", "+"], {
          cwd: project,
        });
      },
      steps: [
        { at: "b", run: inCheckout("build", "-o", "program", ".") },
        { at: "a", run: inCheckout("get", "example.com/library@v1.1.0") },
        { at: "a", run: inCheckout("run", ".") },
        { at: "b", run: inCheckout("run", ".") },
        { at: "a", edit: (project) => writeFiles(project, { "main.go": "package main\n" }) },
        { at: "a", run: inCheckout("build", "-o", "program", ".") },
        { at: "b", run: inCheckout("clean", "-modcache") },
        { at: "a", edit: (project) => writeFiles(project, { "main.go": MAIN }) },
        { at: "a", run: inCheckout("run", ".") },
        { at: "b", run: inCheckout("run", ".") },
      ],
      random: /^go\/build\//,
    });
    const ran = answers.filter(({ command }) => command.includes(" run ")).map(({ output }) => output);
    expect(ran.map((output) => output.trim().split("\n").at(-1))).toEqual([
      "v1.1.0",
      "v1.0.0",
      "v1.1.0",
      "v1.0.0",
    ]);
    const module = "go/pkg/mod/example.com/library@v1.0.0";
    expect(shared).toEqual([`${module}/go.mod`, `${module}/library.go`]);
  },
);
