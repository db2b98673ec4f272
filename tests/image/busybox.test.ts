import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { readAppletNames } from "../../image/busybox.ts";
import { testWith } from "../support/requirements.ts";

test("the commands are found in the bytes", () => {
  const bytes = Buffer.from("\u007fELF...\0[\0[[\0ash\0sh\0zcat\0\0rest", "latin1");
  expect(readAppletNames({ path: "busybox", bytes })).toEqual(["[", "[[", "ash", "sh", "zcat"]);
});

test("any other file is rejected", () => {
  for (const text of ["", "no list", "[\0[[\0", "[\0[[\0cat\0\0", "[\0[[\0sh\0a/b\0\0"])
    expect(() => readAppletNames({ path: "other", bytes: Buffer.from(text, "latin1") })).toThrow(
      expect.objectContaining({ code: "package-unavailable" }),
    );
});

testWith(["linux", "/bin/busybox"], "they are those that busybox lists itself", () => {
  const listed = Bun.spawnSync(["/bin/busybox", "--list"]).stdout.toString().trimEnd().split("\n");
  expect(readAppletNames({ path: "busybox", bytes: readFileSync("/bin/busybox") })).toEqual(listed);
});
