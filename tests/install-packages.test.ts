import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEBIAN_PACKAGES, TOOL_PACKAGES } from "./install-packages.ts";

test("the README names the packages that make the tests complete", () => {
  const readme = readFileSync(join(import.meta.dir, "../README.md"), "utf8");
  const [, list = ""] = /install them yourself:\n\n```text\n([^`]*)```/.exec(readme) ?? [];
  expect(list.trim().split(/\s+/)).toEqual([...DEBIAN_PACKAGES, ...Object.values(TOOL_PACKAGES)]);
});
