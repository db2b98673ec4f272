import { expect } from "bun:test";
import { TestCache } from "../support/cache.ts";
import { BTDT, btdt, run } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

/** What is written to a terminal of so many columns. */
function onTerminal(
  columns: number,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string[] {
  const command = `stty cols ${columns}; ${[BTDT, ...words].map((word) => `'${word}'`).join(" ")}`;
  const { stdout } = run(["script", "-qec", command, "/dev/null"], {
    env: { TERM: "xterm", COLUMNS: "", ...env },
  });
  return stdout.trimEnd().split("\r\n");
}

const widest = (lines: readonly string[]): number => Math.max(...lines.map((line) => Bun.stringWidth(line)));

testWith(["script"], "help fits the terminal, up to 100 columns", () => {
  const help = ["store", "--help"];
  const narrow = onTerminal(60, help);
  // Examples are for copying: they stay on one line.
  expect(widest(narrow.slice(0, narrow.indexOf("Examples:")))).toBeLessThanOrEqual(60);
  expect(narrow.length).toBeGreaterThan(btdt(help).stdout.split("\n").length);
  const piped = btdt(help, { env: { COLUMNS: "60" } })
    .stdout.trimEnd()
    .split("\n");
  expect(onTerminal(300, help)).toEqual(piped);
  expect(onTerminal(300, help, { COLUMNS: "60" })).toEqual(narrow);
});

testWith(["script"], "list cuts long keys on a terminal only, and aligns wide characters", () => {
  makeTree(scratch.path("tree"), dir({ f: file("f") }));
  const long = `npm-${"0123456789".repeat(12)}-end`;
  const wide = "依存関係";
  cache.store(long, "tree");
  cache.store(wide, "tree");
  const words = ["list", "-c", cache.path, "--sort", "key"];
  const lines = onTerminal(70, words);
  expect(widest(lines)).toBeLessThanOrEqual(70);
  expect(lines[1]).toMatch(/^npm-0123\d+…\d+456789-end /);
  const starts = lines.slice(1).map((line) => Bun.stringWidth(line.slice(0, line.indexOf(" KiB"))));
  expect(new Set(starts).size).toBe(1);
  expect(onTerminal(20, words)[1]).toStartWith("npm-01…9-end ");
  const piped = btdt(words).stdout.split("\n");
  expect(piped[1]).toStartWith(long);
  expect(btdt([...words, "--json"]).stdout).toContain(`"${long}"`);
});
