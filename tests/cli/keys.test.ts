import { expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { btdt } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

function store(key: string, content: string): void {
  scratch.directory("cache");
  // A new file: writing into the old one would write into the cache's, which is the same.
  rmSync(scratch.path("file"), { force: true });
  writeFileSync(scratch.path("file"), content);
  const { exitCode, stdout, stderr } = btdt([
    "store",
    "-c",
    scratch.path("cache"),
    "-k",
    key,
    scratch.path("file"),
  ]);
  expect({ key, exitCode, stdout }).toEqual({ key, exitCode: 0, stdout: "" });
  // Control characters could forge lines, so that there is exactly one, whatever the key.
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
}

function restored(key: string): string | number {
  const to = scratch.path("restored");
  const { exitCode, stdout } = btdt(["restore", "-c", scratch.path("cache"), "-k", key, to]);
  if (exitCode === 0) expect(stdout).toStartWith("Restored key ");
  return exitCode === 0 ? readFileSync(to, "utf8") : exitCode;
}

const DIFFICULT_KEYS = [
  "a/b",
  "/absolute",
  "..",
  "../../etc/passwd",
  ".",
  ".hidden",
  "%",
  "%2f",
  "100%",
  "emoji 🎉",
  "Größe",
  "-dash",
  "quote'\"$id`id`",
  "spaces  inside",
  "~",
  "a~b",
  "x".repeat(512),
  "ü".repeat(256),
  `${"x".repeat(511)}y`,
  "con",
  "*",
  "\\",
];

test("each difficult key is a key of its own and comes back", () => {
  for (const [index, key] of DIFFICULT_KEYS.entries()) store(key, `content ${index}`);
  for (const [index, key] of DIFFICULT_KEYS.entries()) {
    expect({ key, restored: restored(key) }).toEqual({ key, restored: `content ${index}` });
  }
  expect(readdirSync(scratch.path("cache"))).toEqual(["btdt-v1"]);
  expect(readdirSync(scratch.path("cache", "btdt-v1", "keys"))).toHaveLength(DIFFICULT_KEYS.length);
});

test("keys that differ only in case are two, and so are their names on any file system", () => {
  store("Key", "upper");
  store("key", "lower");
  store("KEY", "shout");
  expect([restored("Key"), restored("key"), restored("KEY")]).toEqual(["upper", "lower", "shout"]);
  const names = readdirSync(scratch.path("cache", "btdt-v1", "keys"));
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(3);
});

test("a simple key can be read in its file's name", () => {
  store("node_modules-v1.2+linux=x64@main", "content");
  expect(readdirSync(scratch.path("cache", "btdt-v1", "keys"))).toEqual(["node_modules-v1.2+linux=x64@main"]);
});

test("commas and line ends separate keys, the option repeats, empty ones and spaces around them are dropped", () => {
  scratch.directory("cache");
  writeFileSync(scratch.path("file"), "content");
  const words = ["--keys", "one,, two ,", "-k", "\n  three\n  four 4\r\n", "-k", "", scratch.path("file")];
  const { exitCode, stderr } = btdt(["store", "--cache", scratch.path("cache"), ...words]);
  expect(exitCode).toBe(0);
  expect(stderr).toContain("as one, two, three, four 4:");
  const names = ["four%204", "one", "three", "two"];
  expect(readdirSync(scratch.path("cache", "btdt-v1", "keys")).toSorted()).toEqual(names);
  for (const key of ["one", "two", "three", "four 4"]) expect(restored(key)).toBe("content");
});

test("keys with control characters, or with what another tool should have replaced, are usage errors", () => {
  scratch.directory("cache");
  const env = { BRANCH: "main\n", EXPRESSION: "${{ github.sha }}" };
  for (const [key, expected] of [
    ["a\tb", 'the key "a\\tb" contains a control character'],
    ["{{ env.BRANCH }}-1", 'the key "main\\n-1" contains a control character (does a variable in it'],
    ["npm-$(params.version)", "contains $(, which nothing replaced (is the Tekton parameter"],
    ["a-{{ env.EXPRESSION }}", "contains ${{, which nothing replaced"],
    [
      "npm-hashFiles('package-lock.json')",
      "contains hashFiles(, which nothing replaced (a template needs braces",
    ],
  ] as const) {
    for (const option of ["--keys", "--fallback-prefix"]) {
      const words = ["restore", "-c", scratch.path("cache"), "-k", "fine", option, key, scratch.path("to")];
      const { exitCode, stderr } = btdt(words, { env });
      expect({ key, option, exitCode }).toEqual({ key, option, exitCode: 2 });
      expect(stderr).toContain(expected);
    }
  }
});

test("a key that exists is overwritten", () => {
  store("key", "first");
  store("key", "second");
  expect(restored("key")).toBe("second");
});

test("invalid keys are usage errors", () => {
  scratch.directory("cache");
  writeFileSync(scratch.path("file"), "content");
  for (const [key, expected] of [
    ["", "no key given"],
    [",,", "no key given"],
    ["x".repeat(513), "513 bytes"],
    ["ü".repeat(257), "514 bytes"],
    [`fine,${"x".repeat(600)}`, "600 bytes"],
  ] as const) {
    for (const command of ["store", "restore"]) {
      const path = command === "store" ? scratch.path("file") : scratch.path("to");
      const { exitCode, stderr } = btdt([command, "-c", scratch.path("cache"), "-k", key, path]);
      expect({ key, exitCode }).toEqual({ key, exitCode: 2 });
      expect(stderr).toContain(expected);
    }
  }
  expect(readdirSync(scratch.path("cache"))).toEqual([]);
});
