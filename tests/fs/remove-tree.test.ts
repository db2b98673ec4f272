import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type ByteString, bytesFromText } from "../../src/base/byte-string.ts";
import { discardTree, removeContents, removeTree } from "../../src/fs/remove-tree.ts";
import { run } from "../support/executable.ts";
import { AS_NOBODY, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting } from "../support/trace.ts";

const scratch = Scratch.use();
const b = bytesFromText;
const source = join(import.meta.dir, "../../src/fs/remove-tree.ts");

function makeTree(root = scratch.fresh("tree")): string {
  mkdirSync(join(root, "a", "b"), { recursive: true });
  for (const name of ["f", "a/f", "a/b/f", "a/é"]) writeFileSync(join(root, name), name);
  writeFileSync(Buffer.from(`${root}/a/\xff`, "latin1"), "not UTF-8");
  return root;
}

test("removes files and trees, even with names that are not UTF-8; what is missing counts as removed", () => {
  const tree = makeTree();
  removeTree(b(tree));
  expect(existsSync(tree)).toBe(false);
  removeTree(b(tree));
  const file = scratch.fresh();
  writeFileSync(file, "");
  removeTree(b(file));
  expect(existsSync(file)).toBe(false);
});

test("a tree deeper than descriptors are held, and than one path reaches", () => {
  const root = scratch.freshDirectory();
  const deep = `${"d".repeat(50)}/`.repeat(200);
  run([
    "sh",
    "-c",
    'cd "$1" && for i in $(seq 200); do mkdir "$2" && cd "$2" || exit 1; done; touch f',
    "sh",
    root,
    "d".repeat(50),
  ]);
  expect(existsSync(join(root, deep.slice(0, 51 * 70)))).toBe(true);
  removeTree(b(root));
  expect(existsSync(root)).toBe(false);
});

test("symlinks are removed, not followed; neither is one in the directory's place", () => {
  const [target, tree] = [makeTree(), makeTree()];
  symlinkSync(target, join(tree, "a", "link"));
  removeTree(b(tree));
  const link = scratch.fresh("link");
  symlinkSync(target, link);
  expect(() => removeContents(b(link))).toThrow(expect.objectContaining({ code: "ENOTDIR" }));
  removeTree(b(link));
  expect(readFileSync(join(target, "a", "b", "f"), "utf8")).toBe("a/b/f");
});

test("contents go, the directory and one name stay", () => {
  const tree = makeTree();
  removeContents(b(tree), "f" as ByteString);
  expect(readdirSync(tree)).toEqual(["f"]);
});

test("stops when it is told to, and goes on where it was", () => {
  const tree = makeTree();
  let asked = 0;
  expect(removeContents(b(tree), undefined, () => ++asked > 2)).toBe(false);
  const left = run(["find", tree, "-type", "f"]).stdout.trim().split("\n");
  expect([asked, left.length > 0]).toEqual([3, true]);
  expect(removeContents(b(tree), undefined, () => false)).toBe(true);
  expect(readdirSync(tree)).toEqual([]);
});

testWith(
  ["root", "setpriv"],
  "directories that their owner may not write, read or enter are no obstacle",
  () => {
    const parent = scratch.freshDirectory();
    chmodSync(parent, 0o777);
    chmodSync(join(parent, ".."), 0o755);
    const tree = join(parent, "t");
    const make = `mkdir -p ${tree}/a/b ${tree}/c && touch ${tree}/a/b/f ${tree}/c/f && chmod 0 ${tree}/a/b ${tree}/c && chmod 555 ${tree}/a`;
    expect(run([...AS_NOBODY, "sh", "-c", make]).exitCode).toBe(0);
    const script = `(await import("${source}")).removeTree(process.argv[1])`;
    const removed = run([...AS_NOBODY, process.execPath, "-e", script, tree]);
    expect(removed.stderr).toBe("");
    expect(existsSync(tree)).toBe(false);
  },
);

testWith(["strace"], "one failure is reported, and does not keep anything else from being removed", () => {
  const tree = scratch.freshDirectory();
  for (const name of ["a", "b", "c", "d"]) writeFileSync(join(tree, name), "");
  const script = `try { (await import("${source}")).removeTree(process.argv[1]) } catch (error) { console.log(error.code) }`;
  const words = [process.execPath, "-e", script, tree];
  const { stdout } = run([...injecting({ calls: "unlink,unlinkat", what: "error=EIO:when=3" }), ...words]);
  expect(stdout).toBe("EIO\n");
  expect(readdirSync(tree)).toHaveLength(1);
  removeTree(b(tree));
});

testWith(["strace"], "ends where a directory never becomes empty", () => {
  const tree = makeTree();
  const script = `try { (await import("${source}")).removeTree(process.argv[1]) } catch (error) { console.log(error.code) }`;
  const words = [process.execPath, "-e", script, tree];
  const { stdout } = run([...injecting({ calls: "rmdir", what: "error=ENOTEMPTY" }), ...words]);
  expect(stdout).toBe("ENOTEMPTY\n");
  expect(run(["find", tree, "-type", "f"]).stdout).toBe("");
});

test("discarding what cannot be removed is no error", () => {
  const file = scratch.fresh();
  writeFileSync(file, "");
  discardTree(b(join(file, "below")));
});
