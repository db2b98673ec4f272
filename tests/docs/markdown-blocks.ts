import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

/** A fenced block of a page. */
export interface MarkdownBlock {
  /** Relative to the repository. */
  readonly page: string;
  /** The line number of the block's first line, from 1. */
  readonly line: number;
  /** What follows the fence; may be empty. */
  readonly language: string;
  readonly text: string;
}

/** The README and everything below `docs`. */
export function pages(): string[] {
  const below = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" });
  return [
    "README.md",
    ...below.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
  ].toSorted();
}

function readPage(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

export function blocksOf(page: string, markdown = readPage(page)): MarkdownBlock[] {
  const blocks: MarkdownBlock[] = [];
  let open:
    | { readonly fence: string; readonly indent: string; readonly language: string; line: number }
    | undefined;
  let lines: string[] = [];
  for (const [index, line] of markdown.split("\n").entries()) {
    const [, indent = "", fence = "", rest = ""] = /^(\s*)(`{3,}|~{3,})\s*(.*)$/.exec(line) ?? [];
    if (open === undefined) {
      if (fence === "") continue;
      open = { fence, indent, language: rest.split(/\s/)[0] ?? "", line: index + 2 };
      lines = [];
    } else if (fence.startsWith(open.fence) && rest === "") {
      blocks.push({ page, line: open.line, language: open.language, text: `${lines.join("\n")}\n` });
      open = undefined;
    } else {
      lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line.trimStart());
    }
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: the block is not closed`);
  return blocks;
}
