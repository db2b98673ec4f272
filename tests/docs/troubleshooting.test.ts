import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSources } from "../architecture/sources.ts";

const page = readFileSync(join(import.meta.dir, "../../docs/troubleshooting.md"), "utf8");
const code = readSources()
  .map(({ text }) => text)
  .join("\n");

test("every message that has a heading is one that btdt prints", () => {
  const headings = [...page.matchAll(/^### `(.+)`$/gm)].map(([, message = ""]) => message);
  expect(headings.length).toBeGreaterThanOrEqual(10);
  for (const message of headings) {
    const parts = message.split("…").map((part) => part.trim());
    for (const part of parts.filter((text) => text.length > 2)) {
      expect({ message, part, isPrinted: code.includes(part) }).toEqual({ message, part, isPrinted: true });
    }
  }
});

test("every reason for not linking is explained", () => {
  const reasons = /export type LinkObstacle =([^;]+);/.exec(code)?.[1] ?? "";
  const texts = [...reasons.matchAll(/"(.+)"/g)].map(([, reason = ""]) => reason);
  expect(texts).toHaveLength(3);
  for (const reason of texts) expect(page).toContain(`| \`${reason}\` |`);
});
