import { expect } from "bun:test";
import { compareTrees } from "../support/compare-trees.ts";
import { BTDT, btdt, must } from "../support/executable.ts";
import { mountTmpfs } from "../support/mounts.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();

/** In the year 287168: JavaScript's dates end in 275760. */
const SECONDS = "9000000000000";

testWith(["mount"], "times beyond JavaScript's are kept, and every command works with them", () => {
  const volume = mountTmpfs(scratch, "volume");
  const tree = `${volume}/tree`;
  makeTree(tree, dir({ a: file("a"), d: dir({ b: file("b") }) }));
  must(["touch", "-d", `@${SECONDS}`, `${tree}/a`, `${tree}/d/b`, `${tree}/d`]);
  const words = ["-c", `${volume}/cache`];
  for (const storage of ["objects", "packs"]) {
    const key = ["-k", storage];
    const stored = btdt(["store", "--create-cache", "--storage", storage, ...words, ...key, tree]);
    expect(stored).toMatchObject({ exitCode: 0, stdout: "" });
    const restored = btdt(["restore", ...words, ...key, `${volume}/to-${storage}`]);
    expect(restored).toMatchObject({ exitCode: 0 });
    expect(restored.stderr).not.toContain("warning");
    expect(compareTrees(tree, `${volume}/to-${storage}`)).toEqual([]);
    expect(must(["stat", "-c", "%Y", `${volume}/to-${storage}/d/b`])).toBe(`${SECONDS}\n`);
  }
  expect(btdt(["list", ...words, "--json"])).toMatchObject({ exitCode: 0, stderr: "" });
  const inspected = btdt(["inspect", ...words, "objects", "--json"]);
  expect(inspected.exitCode).toBe(0);
  expect(inspected.stdout).toContain('"mtime":"+275760-09-13T00:00:00.000Z"');
  const exported = must([
    "sh",
    "-c",
    '"$@" | tar -tf - | sort',
    "sh",
    BTDT,
    "export",
    ...words,
    "-k",
    "objects",
  ]);
  expect(exported).toContain("d/b\n");
});
