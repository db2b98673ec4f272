import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { BTDT, btdt, must, run } from "../support/executable.ts";
import { directoryDigest, fileDigest, pathsDigest, sha256 } from "../support/expected-digests.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { injecting, stoppedAt } from "../support/trace.ts";
import { dir, file, makeTree, symlink } from "../support/tree.ts";

const CHUNK_BYTES = 4 * 1024 * 1024;
const scratch = Scratch.use();

function hash(...paths: string[]): string {
  const { exitCode, stdout, stderr } = btdt(["hash", ...paths]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
  return stdout.trim();
}

/** Bytes without a period that chunks could share. */
function bytes(length: number): Buffer {
  const content = Buffer.alloc(length);
  for (let index = 0; index < length; index += 4096) content.writeUInt8((index / 4096) % 251, index);
  return content;
}

test("up to one chunk it is what sha256sum prints", () => {
  for (const length of [0, 1, 5000, CHUNK_BYTES - 1, CHUNK_BYTES]) {
    writeFileSync(scratch.path("file"), bytes(length));
    const expected = must(["sha256sum", scratch.path("file")]).slice(0, 64);
    expect({ length, digest: hash(scratch.path("file")) }).toEqual({ length, digest: expected });
  }
});

test("above one chunk it is the documented tree", () => {
  for (const length of [CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 32 * 1024 * 1024, 70 * 1024 * 1024 + 3]) {
    const content = bytes(length);
    writeFileSync(scratch.path("file"), content);
    const digest = hash(scratch.path("file"));
    expect({ length, digest }).toEqual({ length, digest: fileDigest(content).toString("hex") });
    expect(digest).not.toBe(sha256(content).toString("hex"));
  }
});

testWith(["strace"], "files that are mapped, and files that are not, get the same digest", () => {
  const content = bytes(150 * 1024 * 1024);
  const path = scratch.path("file");
  writeFileSync(path, content);
  const expected = fileDigest(content).toString("hex");
  const trace = scratch.path("trace");
  const traced = run(["strace", "-f", "-qq", "-o", trace, "-e", "trace=fcntl", BTDT, "hash", path]);
  expect(traced.stdout).toBe(`${expected}\n`);
  // Whether there is a lease at all is what makes this test one.
  expect(must(["grep", "-c", "F_SETLEASE", trace])).not.toBe("0\n");
  const refused = btdt(["hash", path], { through: injecting({ calls: "fcntl", what: "error=EAGAIN" }) });
  expect(refused).toEqual({ exitCode: 0, stdout: `${expected}\n`, stderr: "" });
  // While somebody has it open for writing there is no lease either.
  const held = run(["sh", "-c", 'exec 9>>"$2"; "$1" hash "$2"', "sh", BTDT, path]);
  expect(held).toEqual({ exitCode: 0, stdout: `${expected}\n`, stderr: "" });
});

test("a directory's digest is the documented one", () => {
  const tree = dir({
    "b.txt": file("content"),
    a: dir({ nested: dir({ x: file("x") }), empty: dir() }),
    "a.txt": file(""),
    "a-link": symlink("../nowhere"),
    "\xff\xfe": file("not UTF-8"),
    large: file(bytes(CHUNK_BYTES + 7)),
  });
  makeTree(scratch.path("tree"), tree);
  expect(hash(scratch.path("tree"))).toBe(directoryDigest(tree).toString("hex"));
  expect(hash(`${scratch.path("tree")}/`)).toBe(directoryDigest(tree).toString("hex"));
});

test("a directory's digest covers names, kinds and contents, but not modes and times", () => {
  const tree = scratch.path("tree");
  makeTree(tree, dir({ file: file("text"), directory: dir(), link: symlink("file") }));
  const original = hash(tree);
  chmodSync(`${tree}/file`, 0o755);
  chmodSync(`${tree}/directory`, 0o700);
  utimesSync(`${tree}/file`, 1, 1);
  utimesSync(tree, 1, 1);
  expect(hash(tree)).toBe(original);

  const seen = new Set([original]);
  const expectNew = (): void => {
    const digest = hash(tree);
    expect(seen).not.toContain(digest);
    seen.add(digest);
  };
  writeFileSync(`${tree}/file`, "next");
  expectNew();
  renameSync(`${tree}/file`, `${tree}/other`);
  expectNew();
  mkdirSync(`${tree}/more`);
  expectNew();
  rmSync(`${tree}/more`, { recursive: true });
  writeFileSync(`${tree}/more`, "");
  expectNew();
  rmSync(`${tree}/link`);
  symlinkSync("elsewhere", `${tree}/link`);
  expectNew();
  rmSync(`${tree}/link`);
  writeFileSync(`${tree}/link`, "elsewhere");
  expectNew();
});

test("symlinks inside are their text and are not followed; a named one is followed", () => {
  makeTree(scratch.path("secret"), file("one"));
  makeTree(scratch.path("tree"), dir({ absolute: symlink(scratch.path("secret")), loop: symlink("loop") }));
  const before = hash(scratch.path("tree"));
  writeFileSync(scratch.path("secret"), "two");
  expect(hash(scratch.path("tree"))).toBe(before);
  symlinkSync("secret", scratch.path("to-file"));
  symlinkSync("tree", scratch.path("to-tree"));
  expect(hash(scratch.path("to-file"))).toBe(sha256("two").toString("hex"));
  expect(hash(scratch.path("to-tree"))).toBe(before);
});

test("the order of several paths matters, their names do not", () => {
  for (const [name, content] of [
    ["a", "first"],
    ["b", "second"],
    ["c", "first"],
  ] as const) {
    writeFileSync(scratch.path(name), content);
  }
  makeTree(scratch.path("tree"), dir({ x: file("x") }));
  const [a, b, c] = ["a", "b", "c"].map((name) => scratch.path(name)) as [string, string, string];
  const expected = pathsDigest([fileDigest(Buffer.from("first")), fileDigest(Buffer.from("second"))]);
  expect(hash(a, b)).toBe(expected.toString("hex"));
  expect(hash(c, b)).toBe(hash(a, b));
  expect(hash(b, a)).not.toBe(hash(a, b));
  expect(hash(a, a)).not.toBe(hash(a));
  const withTree = pathsDigest([directoryDigest(dir({ x: file("x") })), fileDigest(Buffer.from("second"))]);
  expect(hash(scratch.path("tree"), b)).toBe(withTree.toString("hex"));
});

test("what cannot be hashed is named", () => {
  must(["mkfifo", scratch.path("pipe")]);
  symlinkSync("nothing", scratch.path("dangling"));
  for (const name of ["missing", "pipe", "dangling"]) {
    const { exitCode, stdout, stderr } = btdt(["hash", scratch.path(name)]);
    expect({ name, exitCode, stdout }).toEqual({ name, exitCode: 1, stdout: "" });
    expect(stderr).toContain(scratch.path(name));
    expect(stderr).not.toContain("bug in btdt");
  }
  expect(btdt(["hash", ""]).exitCode).toBe(1);
});

describe("a file that changes while it is hashed is an error that names it", () => {
  async function changed(path: string, calls: string, newLength: number): Promise<void> {
    const finished = await stoppedAt({ calls, path }, ["hash", path], `${path}-trace`, () => {
      writeFileSync(path, bytes(newLength));
    });
    expect(finished).toMatchObject({ exitCode: 1, stdout: "" });
    expect(finished.stderr).toContain(`${path} changed while it was being read`);
  }

  testWith(["strace"], "a small one", async () => {
    const path = scratch.path("small");
    writeFileSync(path, bytes(7));
    await changed(path, "read,pread64", 8);
  });

  for (const newLength of [CHUNK_BYTES + 8, 7]) {
    testWith(["strace"], `one that is about to be mapped, and then has ${newLength} bytes`, async () => {
      const path = scratch.path("mapped");
      writeFileSync(path, bytes(CHUNK_BYTES + 7));
      // The first of these calls comes before the lease is taken.
      await changed(path, "fcntl", newLength);
    });
  }

  testWith(["strace"], "a large one that is open for writing, and is therefore read", async () => {
    const path = scratch.path("open");
    writeFileSync(path, bytes(CHUNK_BYTES + 7));
    const writer = openSync(path, "r+");
    try {
      await changed(path, "read,pread64", CHUNK_BYTES + 8);
    } finally {
      closeSync(writer);
    }
  });
});

test("pipes in a directory are skipped with a warning that names them", () => {
  makeTree(scratch.path("tree"), dir({ x: file("x") }));
  const before = hash(scratch.path("tree"));
  must(["mkfifo", scratch.path("tree", "pipe")]);
  const { exitCode, stdout, stderr } = btdt(["hash", scratch.path("tree")]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${before}\n` });
  expect(stderr).toBe(
    `btdt: warning: skipped ${scratch.path("tree", "pipe")}: it is a socket, pipe or device\n`,
  );
});

test("relative paths, names with a dash and names that are not ASCII", () => {
  makeTree(scratch.path("-k"), file("dash"));
  makeTree(scratch.path("Größe"), file("umlaut"));
  expect(btdt(["hash", "--", "-k"], { cwd: scratch.path() }).stdout).toBe(
    `${sha256("dash").toString("hex")}\n`,
  );
  expect(btdt(["hash", "Größe"], { cwd: scratch.path() }).exitCode).toBe(0);
  makeTree(scratch.path("tree"), dir({ x: file("x") }));
  const inside = btdt(["hash", "."], { cwd: scratch.path("tree") });
  expect(inside.stdout.trim()).toBe(hash(scratch.path("tree")));
});
