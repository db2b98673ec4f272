import { expect, test } from "bun:test";
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { btdt, type Finished } from "../support/executable.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

/** Keeps the key's own name as content. */
function store(key: string, storedAt?: string): void {
  const source = scratch.path(`source-${key}`);
  writeFileSync(source, key);
  expect(btdt(["store", "--create-cache", "-c", scratch.path("cache"), "-k", key, source]).exitCode).toBe(0);
  if (storedAt === undefined) return;
  const path = keyFile(key);
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), storedAt }));
}

function keyFile(name: string): string {
  return scratch.path("cache", "btdt-v1", "keys", name);
}

function restore(keys: string, ...options: string[]): Finished {
  scratch.directory("cache");
  return btdt(["restore", "-c", scratch.path("cache"), "-k", keys, ...options, scratch.path("to")]);
}

test("the most recently stored key with the prefix is a fallback, whichever was used last", () => {
  store("npm-1", "2026-01-01T00:00:00.000Z");
  store("npm-2", "2026-03-01T00:00:00.000Z");
  store("npm-3", "2026-02-01T00:00:00.000Z");
  store("other-4", "2026-04-01T00:00:00.000Z");
  utimesSync(keyFile("npm-2"), 1, 1);
  expect(restore("npm-new", "--fallback-prefix", "npm-")).toMatchObject({
    exitCode: 3,
    stdout: "Restored key npm-2\n",
  });
  expect(readFileSync(scratch.path("to"), "utf8")).toBe("npm-2");
});

test("keys take precedence over prefixes, and prefixes are tried in order", () => {
  store("a-1");
  store("b-1");
  const stdout = (...words: [string, ...string[]]) => restore(...words).stdout;
  const prefixes = ["--fallback-prefix", "b-", "--fallback-prefix", "a-"];
  expect(stdout("x", ...prefixes)).toBe("Restored key b-1\n");
  expect(stdout("x,a-1", ...prefixes)).toBe("Restored key a-1\n");
  expect(stdout("x", "--fallback-prefix", "c-,a")).toBe("Restored key a-1\n");
  expect(restore("a-1", ...prefixes).exitCode).toBe(0);
  expect(restore("x", ...prefixes, "--success-rc-on-any-key").exitCode).toBe(0);
});

test("a prefix may be a template; an empty one matches nothing", () => {
  store(`${process.platform}-1`);
  expect(restore("x", "--fallback-prefix", "{{ os }}-").exitCode).toBe(3);
  expect(restore("x", "--fallback-prefix", "").exitCode).toBe(4);
  expect(restore("x", "--fallback-prefix", "{{ os").exitCode).toBe(2);
});

test("a damaged match is skipped for the next one", () => {
  store("npm-1", "2026-01-01T00:00:00.000Z");
  store("npm-2", "2026-03-01T00:00:00.000Z");
  store("npm-3", "2026-04-01T00:00:00.000Z");
  writeFileSync(keyFile("npm-3"), "{");
  const record = JSON.parse(readFileSync(keyFile("npm-2"), "utf8"));
  const trees = [{ ...record.trees[0], manifest: "0".repeat(64) }];
  writeFileSync(keyFile("npm-2"), JSON.stringify({ ...record, trees }));
  const restored = restore("x", "--fallback-prefix", "npm-");
  expect(restored).toMatchObject({ exitCode: 3, stdout: "Restored key npm-1\n" });
  expect(restored.stderr).toContain("the entry of key npm-2 cannot be used");
});

test("a miss names similar keys and when they were stored", () => {
  store("linux-npm-aaa", new Date(Date.now() - 90_000_000).toISOString());
  store("linux-npm-abc");
  store("linux-pip-abd");
  store("darwin-npm-abd");
  const { exitCode, stdout, stderr } = restore("linux-npm-abd");
  expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
  const [first, ...lines] = stderr.trimEnd().split("\n");
  expect(first).toBe("Keys not found in cache.");
  expect(lines).toHaveLength(4);
  expect(lines[0]).toBe("btdt: no entry for linux-npm-abd");
  expect(lines[1]).toMatch(/^btdt: the cache has linux-npm-abc, stored .* ago$/);
  expect(lines[2]).toMatch(/^btdt: the cache has linux-npm-aaa, stored 1d 1h ago$/);
  expect(lines[3]).toStartWith("btdt: the cache has linux-pip-abd, stored ");
});

test("a miss without similar keys says how many keys there are", () => {
  expect(restore("x").stderr).toBe(
    "Keys not found in cache.\nbtdt: no entry for x\nbtdt: the cache is empty\n",
  );
  store("a-1");
  store("a-2");
  expect(restore("x-1", "--fallback-prefix", "x-").stderr).toBe(
    "Keys not found in cache.\nbtdt: no entry for x-1, then prefix x-\nbtdt: the cache has 2 keys, none with a similar name\n",
  );
});

test("a miss does not offer a key that it has just found unusable, and names what it looked for", () => {
  store("gc-1");
  writeFileSync(keyFile("gc-1"), "{");
  const { exitCode, stderr } = restore("gc-1");
  expect(exitCode).toBe(4);
  const [warning, ...lines] = stderr.trimEnd().split("\n");
  expect(warning).toStartWith("btdt: warning: the entry of key gc-1 cannot be used and counts as a miss: ");
  const looked = ["Keys not found in cache.", "btdt: no usable entry for gc-1"];
  expect(lines).toEqual([...looked, "btdt: the cache has no other key"]);
  store("gc-2");
  store("x");
  expect(restore("gc-1").stderr).toContain("btdt: the cache has gc-2, stored ");
  expect(restore("gc-1,y", "--fallback-prefix", "y,z").stderr).toContain(
    "btdt: no usable entry for gc-1, y, then prefixes y, z\n",
  );
  const many = Array.from({ length: 2000 }, (_, index) => `k${index}`).join(",");
  expect(restore(many).stderr).toContain(
    "btdt: no entry for k0, k1, k2, k3, k4, k5, k6, k7, k8, k9 and 1,990 more\n",
  );
});

test("the JSON of a miss has the keys that it looked for, and what was wrong with those that it found", () => {
  store("gc-1");
  writeFileSync(keyFile("gc-1"), "{");
  const { stdout } = restore("{{ os }}-1, gc-1", "--fallback-prefix", "y", "--json");
  expect(JSON.parse(stdout)).toEqual({
    version: 1,
    outcome: "miss",
    unusable: [{ key: "gc-1", reason: expect.stringContaining("is damaged") }],
    keys: [`${process.platform}-1`, "gc-1"],
    fallbackPrefixes: ["y"],
  });
});
