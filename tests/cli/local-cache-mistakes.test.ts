import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { btdt } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

test("a local cache that can only be a mistake is a usage error", () => {
  const far = scratch.directory("far");
  for (const [near, reason] of [
    ["s3://bucket", "takes a directory, not a bucket"],
    [`${far}/.`, "name the same directory"],
    ["~/cache", "begins with a literal ~"],
    ["", "--local-cache"],
  ] as const) {
    const refused = btdt(["restore", "-c", far, "-k", "key", `--local-cache=${near}`, scratch.path("to")]);
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
    expect(refused.stderr).toContain(reason);
  }
  expect(existsSync(scratch.path("to"))).toBe(false);
});
