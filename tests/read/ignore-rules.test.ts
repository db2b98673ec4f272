import { describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { bytesFromText, textFromBytes } from "../../src/base/byte-string.ts";
import { IgnoreRules } from "../../src/read/ignore-rules.ts";
import { walkTree } from "../../src/read/walk-tree.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

/** All files and symlinks that a store would keep, without the ignore files themselves. */
function kept(root: string, excludes: readonly string[], readIgnoreFiles = true): string[] {
  const ignoreRules = new IgnoreRules(excludes, readIgnoreFiles);
  const paths: string[] = [];
  const refuse = (warning: string): void => {
    throw new Error(warning);
  };
  const walk = walkTree(bytesFromText(root), { ignoreRules, onWarning: refuse }, ({ message }) =>
    refuse(message),
  );
  for (const directory of walk) {
    if (directory === undefined) continue;
    const { path, files, symlinks } = directory;
    for (const name of [...files, ...symlinks.map((symlink) => symlink.name)]) {
      paths.push(path === "" ? textFromBytes(name) : `${textFromBytes(path)}/${textFromBytes(name)}`);
    }
  }
  return withoutIgnoreFiles(paths);
}

function withoutIgnoreFiles(paths: readonly string[]): string[] {
  return paths.filter((path) => !path.endsWith(".btdtignore")).toSorted();
}

function keptByGit(root: string, excludes: readonly string[]): string[] {
  const options = ["--others", "-z", "--exclude-per-directory=.btdtignore"];
  const patterns = excludes.map((pattern) => `--exclude=${pattern}`);
  const run = Bun.spawnSync(["git", "ls-files", ...options, ...patterns], {
    cwd: root,
    env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
  });
  expect(run.stderr.toString()).toBe("");
  return withoutIgnoreFiles(
    run.stdout
      .toString()
      .split("\0")
      .filter((path) => path !== ""),
  );
}

// ASCII: in git `?` is one byte, here one character.
const NAMES = ["a", "b", "ab", "a.js", "B", ".c", "x y"];

function makeTree(): string {
  const root = scratch.freshDirectory();
  for (const top of NAMES.slice(0, 4)) {
    for (const middle of NAMES) {
      mkdirSync(join(root, top, middle), { recursive: true });
      for (const leaf of ["a", "b", "a.js"]) writeFileSync(join(root, top, middle, leaf), "");
    }
    symlinkSync("a", join(root, top, "link"));
  }
  for (const name of NAMES.slice(4)) writeFileSync(join(root, name), "");
  return root;
}

const segments = fc.oneof(
  { arbitrary: fc.constantFrom(...NAMES, "link"), weight: 4 },
  {
    arbitrary: fc.constantFrom("*", "?", "a*", "*.js", "[ab]", "[!a]", "*b", "??", "\\a", "x\\ y"),
    weight: 2,
  },
);
const patterns = fc
  .tuple(
    fc.constantFrom("", "", "", "!"),
    fc.constantFrom("", "/", "**/"),
    fc.array(segments, { minLength: 1, maxLength: 3 }).map((list) => list.join("/")),
    fc.constantFrom("", "", "/", "/**", "/*"),
  )
  .map((parts) => parts.join(""));
const ignoreFiles = fc.array(fc.oneof(patterns, fc.constantFrom("# comment", "", "\\#x")), { maxLength: 4 });

const testWithGit = Bun.which("git") === null ? test.skip : test;

describe("the rules are git's", () => {
  testWithGit(
    "for any patterns in .btdtignore files",
    () => {
      const root = makeTree();
      Bun.spawnSync(["git", "init", "-q"], { cwd: root });
      rmSync(join(root, ".git", "info"), { recursive: true, force: true });
      fc.assert(
        fc.property(ignoreFiles, ignoreFiles, ignoreFiles, (top, middle, low) => {
          const files: [string, readonly string[]][] = [
            [".btdtignore", top],
            ["a/.btdtignore", middle],
            ["a/b/.btdtignore", low],
          ];
          for (const [path, lines] of files) writeFileSync(join(root, path), `${lines.join("\n")}\n`);
          const ours = kept(root, []).filter((path) => !path.startsWith(".git/"));
          expect(ours).toEqual(keptByGit(root, []));
        }),
        { numRuns: 150 },
      );
    },
    60_000,
  );

  testWithGit(
    "for --exclude, which goes before all files",
    () => {
      const root = makeTree();
      Bun.spawnSync(["git", "init", "-q"], { cwd: root });
      rmSync(join(root, ".git", "info"), { recursive: true, force: true });
      writeFileSync(join(root, "a", ".btdtignore"), "!b\n*.js\n");
      fc.assert(
        fc.property(fc.array(patterns, { minLength: 1, maxLength: 4 }), (excludes) => {
          const ours = kept(root, excludes).filter((path) => !path.startsWith(".git/"));
          expect(ours).toEqual(keptByGit(root, excludes));
        }),
        { numRuns: 100 },
      );
    },
    60_000,
  );
});

describe("a .btdtignore", () => {
  function treeWith(files: Readonly<Record<string, string>>): string {
    const root = scratch.freshDirectory();
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    return root;
  }

  test("counts below its directory only, the deeper before the higher, --exclude before both", () => {
    const root = treeWith({
      ".btdtignore": "*.o\n",
      "s/.btdtignore": "!k.o\n",
      "x.o": "",
      "s/k.o": "",
      "s/x.o": "",
      "t/k.o": "",
    });
    expect(kept(root, [])).toEqual(["s/k.o"]);
    expect(kept(root, ["!x.o"])).toEqual(["s/k.o", "s/x.o", "x.o"]);
    expect(kept(root, ["s/"])).toEqual([]);
  });

  test("re-includes a directory with everything in it", () => {
    const root = treeWith({
      ".btdtignore": "dist/\n",
      "p/.btdtignore": "!dist\n",
      "p/dist/x": "",
      "q/dist/x": "",
    });
    expect(kept(root, [])).toEqual(["p/dist/x"]);
    expect(kept(root, ["!dist"])).toEqual(["p/dist/x", "q/dist/x"]);
  });

  test("in a directory whose name has pattern characters", () => {
    const odd = "[a]*?\\!#";
    const root = treeWith({
      [`${odd}/.btdtignore`]: "/x\ny\n",
      [`${odd}/x`]: "",
      [`${odd}/s/x`]: "",
      [`${odd}/s/y`]: "",
      "a/x": "",
    });
    expect(kept(root, [])).toEqual([`${odd}/s/x`, "a/x"]);
  });

  test("is not read where rules are not wanted", () => {
    const root = treeWith({ ".btdtignore": "*\n", x: "" });
    expect(kept(root, [], false)).toEqual(["x"]);
  });

  test("with a byte order mark or carriage returns", () => {
    expect(kept(treeWith({ ".btdtignore": "\uFEFFx\r\ny\r\n", x: "", y: "", z: "" }), [])).toEqual(["z"]);
  });

  test("that is a directory or a symlink has no rules", () => {
    expect(kept(treeWith({ ".btdtignore/x": "", x: "" }), [])).toEqual([".btdtignore/x", "x"]);
    const root = treeWith({ x: "", rules: "x\n" });
    symlinkSync("rules", join(root, ".btdtignore"));
    expect(kept(root, [])).toEqual(["rules", "x"]);
  });

  test("that is enormous is an error that names it", () => {
    const root = treeWith({ ".btdtignore": "x\n".repeat(600_000) });
    expect(() => kept(root, [])).toThrow(expect.objectContaining({ code: "SOURCE_UNREADABLE" }));
    expect(() => kept(root, [])).toThrow(".btdtignore");
  });

  test("may hold any bytes", () => {
    const root = scratch.freshDirectory();
    writeFileSync(join(root, "x"), "");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (content) => {
        writeFileSync(join(root, ".btdtignore"), content);
        kept(root, []);
      }),
      { numRuns: 200 },
    );
  });
});
