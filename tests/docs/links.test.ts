import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pages } from "./markdown-blocks.ts";

const root = join(import.meta.dir, "../..");

/** The text of a page without blocks and code. */
const proseOf = (page: string): string =>
  readFileSync(join(root, page), "utf8")
    .replaceAll(/^(`{3,})[\s\S]*?^\1$/gm, "")
    .replaceAll(/`[^`\n]*`/g, "code");

/** Anchors as GitHub derives them from headings. */
function anchorsOf(page: string): Set<string> {
  const headings = readFileSync(join(root, page), "utf8").matchAll(/^#+ (.+)$/gm);
  const slugs = [...headings].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-"),
  );
  return new Set(slugs);
}

test("every link within the documentation leads somewhere", () => {
  const broken: string[] = [];
  let count = 0;
  for (const page of pages()) {
    for (const [, target = ""] of proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      count += 1;
      const [file = "", anchor] = target.split("#");
      const path = file === "" ? page : join(dirname(page), file);
      if (!existsSync(join(root, path)) || (anchor !== undefined && !anchorsOf(path).has(anchor)))
        broken.push(`${page}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
  expect(count).toBeGreaterThan(30);
});

test("every reference is defined, and every definition is used", () => {
  for (const page of pages()) {
    const prose = proseOf(page);
    const defined = [...prose.matchAll(/^\[([\w-]+)\]: https:\/\/\S+$/gm)].map((match) => match[1]);
    const used = [...prose.matchAll(/\]\[([\w-]+)\]/g)].map((match) => match[1]);
    expect({ page, references: new Set(used) }).toEqual({ page, references: new Set(defined) });
  }
});

test("the README leads to every page", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  for (const page of pages()) if (page !== "README.md") expect(readme).toContain(`](${page})`);
});
