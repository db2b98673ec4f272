import { expect, test } from "bun:test";
import { rmSync, utimesSync, writeFileSync } from "node:fs";
import { keyFileName } from "../../src/key/key-file-name.ts";
import { loadPages } from "../support/browser.ts";
import { TestCache } from "../support/cache.ts";
import { differences, snapshotTree } from "../support/compare-trees.ts";
import { btdt } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(2)>'&amp;\u202egnp`;
const mtime = "@1700000000";

function storeEntry(key: string, ageDays: number, ownBytes: number, ...options: string[]): void {
  const shared = file(Buffer.alloc(200_000, "s"), { mtime });
  makeTree(
    scratch.path("tree"),
    dir({ own: file(Buffer.alloc(ownBytes, key)), node_modules: dir({ a: dir({ shared }) }) }),
  );
  cache.store(key, "tree", ...options);
  rmSync(scratch.path("tree"), { recursive: true });
  const seconds = Date.now() / 1000 - ageDays * 24 * 60 * 60;
  utimesSync(cache.below("keys", keyFileName(key)), seconds, seconds);
}

function fillCache(): void {
  storeEntry("npm-linux-1", 9, 100_000);
  storeEntry("npm-linux-2", 3, 100_000);
  storeEntry(`${HOSTILE}-1`, 1, 400_000, "--pin");
  for (const keys of ["npm-linux-2", "none,npm-linux-2", "none"]) cache.restore(keys, "to");
}

function writeReport(...options: string[]): string {
  const { exitCode, stdout, stderr } = btdt(["report", "-c", cache.path, ...options]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return stdout;
}

/** The tags of a page, and its text. */
async function parse(page: string) {
  const tags = new Set<string>();
  const attributes = new Set<string>();
  let text = "";
  const rewriter = new HTMLRewriter().on("*", {
    element(element) {
      tags.add(element.tagName);
      for (const [name = ""] of element.attributes) attributes.add(name);
    },
    text(chunk) {
      text += chunk.text;
    },
  });
  await rewriter.transform(new Response(page)).text();
  return { tags, attributes, text };
}

test("the page says what the cache has, and changes nothing", async () => {
  fillCache();
  const before = snapshotTree(cache.path);
  const { text } = await parse(writeReport());
  expect(differences(before, snapshotTree(cache.path))).toEqual([]);
  expect(text).toContain("3entries under 3 keys");
  expect(text).toContain("33 %hits of 3 restores");
  expect(text).toContain(`${new Date().toISOString().slice(0, 10)}: hits: 1, fallbacks: 1, misses: 1`);
  // Two entries; of what they take together, the shared file is also another prefix's.
  expect(text).toMatch(/npm-linux-2\d\d\d KiB2\d\d KiB\d\d\d KiB/);
  expect(text).toContain("btdt clean would evict 0 entries and free about 0 B; 3 entries with");
});

test("what a clean would evict is what it then evicts", async () => {
  fillCache();
  const limits = ["--max-age", "7d", "--max-entries", "1"];
  const { text } = await parse(writeReport(...limits));
  expect(text).toContain("btdt clean --max-age 7d --max-entries 1 would evict 2 entries");
  expect(text).toMatch(/npm-linux-1 age\d+ KiB9d/);
  expect(text).toMatch(/npm-linux-2 count\d+ KiB/);
  cache.clean(...limits);
  expect(cache.keys()).toHaveLength(1);
  const after = await parse(writeReport("--max-size", "500000B", "--prefix", "it's"));
  expect(after.text).toContain(
    "btdt clean --max-size 500000B --prefix &#39;it&#39;\\&#39;&#39;s&#39; would evict 0",
  );
});

test("nothing in a key, prefix or path becomes markup", async () => {
  fillCache();
  const page = writeReport("--prefix", HOSTILE, "--max-age", "1s");
  const { tags, attributes } = await parse(page);
  for (const tag of ["script", "img", "a", "link", "iframe"]) expect(tags).not.toContain(tag);
  for (const attribute of attributes) expect(attribute).not.toMatch(/^on|^src$|^href$|^style$/);
  expect(page).toContain("&#60;script&#62;alert(1)");
  expect(page).toContain("default-src 'none'".replaceAll("'", "&#39;"));
});

test("an empty cache has a page, too", async () => {
  scratch.directory("cache");
  const { text } = await parse(writeReport("--max-size", "0"));
  expect(text).toContain("0entries under 0 keys");
});

testWith(["chromium"], "a browser has nothing to complain about, on a phone as on a desk", async () => {
  fillCache();
  storeEntry(`long-${"k".repeat(400)}`, 1, 1000);
  const path = scratch.path("cache.html");
  writeFileSync(path, writeReport("--max-age", "2d"));
  const expression = `({ overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    bars: [...document.querySelectorAll(".days rect")].filter((bar) => bar.getBoundingClientRect().height > 1).length,
    keys: document.body.innerText.includes("<script>alert(1)</script>"),
    colour: getComputedStyle(document.body).backgroundColor })`;
  const [phone, desk] = await loadPages([
    { path, widthPixels: 360, isDark: true, expression },
    { path, widthPixels: 1280, isDark: false, expression },
  ]);
  const sound = { overflow: 0, bars: 3, keys: true };
  expect([phone?.complaints, desk?.complaints]).toEqual([[], []]);
  expect(phone?.value).toEqual({ ...sound, colour: "rgb(20, 23, 26)" });
  expect(desk?.value).toEqual({ ...sound, colour: "rgb(255, 255, 255)" });
});
