import { expect, test } from "bun:test";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { closeWritten } from "../../../src/fs/native/close-written.ts";
import { run } from "../../support/executable.ts";
import { testWith } from "../../support/requirements.ts";
import { Scratch } from "../../support/scratch.ts";
import { type Injection, injecting } from "../../support/trace.ts";

const scratch = Scratch.use();
const source = join(import.meta.dir, "../../../src/fs");

/** Runs statements with `path` (a ByteString) and what the modules export; answers the code of the error. */
function errorUnder(
  injection: Injection,
  modules: readonly string[],
  statements: string,
  path: string,
): string {
  const script = `
    const path = process.argv[1];
    const imported = Object.assign({}, ...await Promise.all(${JSON.stringify(modules)}.map((name) => import("${source}/" + name))));
    try { ${statements} } catch (error) { console.log(error.code, error.message.includes(path)) }
  `;
  const { stdout, stderr } = run([...injecting(injection), process.execPath, "-e", script, path]);
  expect(stderr).toBe("");
  return stdout.trim();
}

const ATTRIBUTES = "{ mode: 0o644, sizeBytes: 5, mtimeSeconds: 1000, mtimeNanoseconds: 1 }";

testWith(["strace"], "a failed close is reported, wherever the file was written", () => {
  for (const code of ["EDQUOT", "EIO", "ENOSPC"]) {
    const writers: readonly (readonly [readonly string[], string])[] = [
      [["publish-file.ts"], `imported.writeDurably(path, Buffer.from("12345"))`],
      [
        ["native/clone-file.ts", "native/path-buffer.ts"],
        `imported.tryClone(new imported.PathBuffer().set(path + "-from"), new imported.PathBuffer().set(path))`,
      ],
      [
        ["copy-file.ts", "native/path-buffer.ts"],
        `imported.copyFile(new imported.PathBuffer().set(path + "-from"), new imported.PathBuffer().set(path), ${ATTRIBUTES}, { isCancelled: () => false })`,
      ],
      [
        ["native/write-new-file.ts", "native/path-buffer.ts", "native/pinned-buffer.ts"],
        `new imported.NewFileWriter(0).write(new imported.PathBuffer().set(path), new imported.PinnedBuffer(Buffer.from("12345")), 0, ${ATTRIBUTES})`,
      ],
    ];
    for (const [modules, statements] of writers) {
      const path = scratch.fresh();
      writeFileSync(`${path}-from`, "12345");
      const injection = { calls: "close", what: `error=${code}`, path };
      expect(errorUnder(injection, modules, statements, path)).toBe(`${code} false`);
      if (/copyFile|tryClone/.test(statements)) expect(existsSync(path)).toBe(false);
    }
  }
});

test("a descriptor that is not open is an error with its code", () => {
  expect(() => closeWritten(987_654)).toThrow(expect.objectContaining({ code: "EBADF" }));
});

testWith(["strace"], "a time that cannot be set once is an error, never another time", () => {
  const path = scratch.fresh();
  writeFileSync(path, "");
  const before = statSync(path).mtimeMs;
  const injection = { calls: "utimensat", what: "error=EIO:when=1", path };
  const modules = ["native/set-times.ts", "native/path-buffer.ts"];
  const set = "imported.setMtimeBuffer(new imported.PathBuffer().set(path), 1000, 123456789)";
  expect(errorUnder(injection, modules, set, path)).toBe("EIO true");
  expect(errorUnder(injection, modules, "imported.touch(path)", path)).toBe("EIO true");
  expect(statSync(path).mtimeMs).toBe(before);
});

testWith(
  ["strace"],
  "a read or a write that fails once is an error, because the kernel may not report it again",
  () => {
    const path = scratch.fresh();
    writeFileSync(path, "12345");
    const modules = [
      "native/descriptor-calls.ts",
      "native/quick-file.ts",
      "native/path-buffer.ts",
      "native/pinned-buffer.ts",
    ];
    const open = (flags: string): string =>
      `const file = imported.openFile(path, (await import("node:fs")).constants.${flags}); const bytes = Buffer.from("abcde"); `;
    for (const [calls, flags, statement] of [
      ["pread64", "O_RDONLY", "imported.pread(file, bytes, 0, 5, 0)"],
      ["read", "O_RDONLY", "imported.readQuickly(file, new imported.PinnedBuffer(bytes), 0, 5)"],
      ["pwrite64", "O_WRONLY", "imported.pwrite(file, bytes, 0, 5, 0)"],
      ["write", "O_WRONLY", "imported.writeNext(file, bytes, 0)"],
      ["write", "O_WRONLY", "imported.writeQuickly(file, new imported.PinnedBuffer(bytes), 0, 5)"],
    ] as const) {
      const injection = { calls, what: "error=EIO:when=1", path };
      expect({ statement, error: errorUnder(injection, modules, open(flags) + statement, path) }).toEqual({
        statement,
        error: "EIO false",
      });
    }
    expect(readFileSync(path, "utf8")).toBe("12345");
  },
);
