import { expect, test } from "bun:test";
import { openSync, readdirSync } from "node:fs";
import { constants } from "node:os";
import { BtdtError } from "../../src/base/errors.ts";
import { explainFailure } from "../../src/cli/explain-failure.ts";
import { describeErrno } from "../../src/fs/errno.ts";

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

test("a file system error says what failed, and is no bug", () => {
  expect(explainFailure(thrownBy(() => openSync("/none/of\nthese", "r")))).toMatchObject({
    code: "SYSTEM",
    message: "open failed for /none/of\\nthese: no such file or directory",
    path: "/none/of\\nthese",
    hint: undefined,
  });
  expect(explainFailure(thrownBy(() => readdirSync("/dev/null")))).toMatchObject({
    code: "SYSTEM",
    message: "scandir failed for /dev/null: a component of the path is not a directory",
  });
  const withoutPath = Object.assign(new Error("x"), { code: "EIO", syscall: "fsync" });
  expect(explainFailure(withoutPath).message).toBe("fsync failed: input/output error");
});

test("running out of memory is no bug", () => {
  const error = thrownBy(() => new ArrayBuffer(2 ** 52));
  expect(explainFailure(error)).toMatchObject({ code: "SYSTEM", message: "not enough memory" });
});

test("too few threads are no bug", () => {
  expect(explainFailure(new TypeError("Failed to spawn worker thread"))).toMatchObject({
    code: "SYSTEM",
    message: "no thread could be started",
    hint: "allow more processes and threads: pids.max of the cgroup, ulimit -u",
  });
});

test("no error code of the system is left without a sentence", () => {
  for (const errno of [...Object.keys(constants.errno), "EREMOTEIO", "EUNHEARDOF"])
    expect(describeErrno(errno)).toMatch(/^[a-z].* /);
  for (const errno of [
    "EFBIG",
    "EXDEV",
    "EEXIST",
    "EINTR",
    "ENXIO",
    "ENOMEM",
    "EAGAIN",
    "EINVAL",
    "EMLINK",
    "ENOTSUP",
  ])
    expect(describeErrno(errno)).not.toContain(errno);
});

test("anything else is a bug, with its stack; expected errors stay what they are", () => {
  const bug = explainFailure(new TypeError("x is not a function"));
  expect(bug).toMatchObject({ code: "INTERNAL", hint: "this is a bug in btdt; please report it" });
  expect(bug.message).toContain("explain-failure.test.ts");
  expect(explainFailure("text").message).toBe("text");
  const known = new BtdtError("CACHE_MISSING", "missing");
  expect(explainFailure(known)).toBe(known);
});
