/**
 * Runs every shell block of the README and of `docs/` like a reader: the blocks of a page one after another, in a
 * project or, if they build or test btdt itself, in a checkout. If a page shows output, it is compared.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json";
import { must, type RunOptions, run } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { isAsShown, outputsOf, parseConsole, scriptOf } from "./console.ts";
import { blocksOf, type MarkdownBlock, pages } from "./markdown-blocks.ts";
import { checkoutWorkplace, projectWorkplace, type Workplace } from "./workplaces.ts";

/** Languages of shell blocks, and what runs them. */
const SHELLS: Readonly<Record<string, string>> = { sh: "sh", shell: "sh", bash: "bash", console: "sh" };

/** All other languages, and the pages where some test covers their blocks. */
const OTHERS: Readonly<Record<string, { readonly by: string; readonly pages?: readonly string[] }>> = {
  text: { by: "nobody: it is for reading only" },
  groovy: { by: "ci-guides.test.ts", pages: ["docs/jenkins.md"] },
  yaml: { by: "ci-guides.test.ts and tests/tekton", pages: ["docs/gitlab.md", "docs/tekton.md"] },
  json: { by: "the test below" },
  ini: { by: "timers.test.ts" },
  crontab: { by: "timers.test.ts" },
};

/** What cannot be run here as written; each must occur in its page. */
const INSTEAD: readonly { page: string; text: string; run: string; reason: string }[] = [
  {
    page: "README.md",
    text: "npm test",
    run: "npm pkg get scripts.test | grep tests/run.ts",
    reason: "it runs this very test",
  },
  {
    page: "README.md",
    text: `tar -xzf btdt-${version}-linux-x64.tar.gz &&`,
    run: "",
    reason: "tests/release does it with a real archive; here, btdt is in the PATH already",
  },
  ...["apply", "create"].map((verb) => ({
    page: "docs/tekton.md",
    text: `kubectl ${verb} -f`,
    run: "ls -d",
    reason: "it needs a cluster; tests/tekton looks into the files and runs what is in them",
  })),
  {
    page: "docs/static-executable.md",
    text: "docker://registry.example/btdt:",
    run: "oci:registry:",
    reason: "there is no such registry; a layout on disk takes its place",
  },
  {
    page: "docs/static-executable.md",
    text: "--libc-dir DIR",
    run: `--libc-dir /lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`,
    reason: "DIR is the reader's",
  },
];

/** Programs that not every machine has; a block that uses a missing one is skipped. */
const PROGRAMS = [
  "apt-get",
  "file",
  "fish",
  "hyperfine",
  "jq",
  "podman",
  "readelf",
  "skopeo",
  "unshare",
  "zsh",
];
const FOR_ROOT = new Set(["podman", "unshare"]);

const isShell = ({ language }: MarkdownBlock): boolean => language in SHELLS;

/** Pages for building btdt: their blocks are run in a checkout of this repository. */
const CHECKOUT_PAGES = new Set(["docs/development.md", "docs/static-executable.md", "docs/tekton.md"]);

const isForCheckout = ({ page, text }: MarkdownBlock): boolean =>
  CHECKOUT_PAGES.has(page) || text.includes("npm run demo");

function runBlock(block: MarkdownBlock, { directory, env, places }: Workplace): void {
  let text = block.text;
  for (const { page, text: written, run: instead } of INSTEAD)
    if (page === block.page) text = text.replaceAll(written, instead);
  for (const [place, path] of Object.entries(places))
    text = text.replaceAll(new RegExp(`(?<![\\w/.~])${place}(?![\\w-])`, "g"), path);
  const shell = SHELLS[block.language] ?? "";
  const options: RunOptions = { cwd: directory, env };
  // What a page puts there is for the reader's next shell.
  const profile = env["HOME"] === undefined ? "" : 'test ! -e "$HOME/.profile" || . "$HOME/.profile"\n';
  const at = `${block.page}:${block.line}`;
  if (block.language !== "console") {
    const { exitCode, stderr } = run([shell, "-ec", profile + text], options);
    expect({ at, exitCode, stderr }).toMatchObject({ at, exitCode: 0 });
    return;
  }
  const shown = parseConsole(text);
  const outputs = outputsOf(run([shell, "-c", profile + scriptOf(shown)], options).stdout);
  for (const [index, { command, output }] of shown.entries()) {
    const actual = outputs[index] ?? { output: "nothing: the shell has ended", exitCode: 255 };
    // For a readable difference, output that matches is replaced by what the page shows.
    const compared = isAsShown(output, actual.output) ? output : actual.output;
    expect({ at, command, output: compared }).toEqual({ at, command, output });
    // A failure must be visible, in the output or by asking for the status.
    const isSeen = output !== "" || shown[index + 1]?.command === "echo $?";
    if (!isSeen) expect({ at, command, exitCode: actual.exitCode }).toEqual({ at, command, exitCode: 0 });
  }
}

const all = pages().flatMap((page) => blocksOf(page));

test("every fenced block names a language, and some test covers it", () => {
  const isLookedAfter = ({ language, page }: MarkdownBlock): boolean => {
    const other = OTHERS[language];
    return language in SHELLS || (other !== undefined && (other.pages?.includes(page) ?? true));
  };
  const orphans = all.filter((block) => !isLookedAfter(block));
  expect(orphans.map(({ page, line, language }) => `${page}:${line} ${language}`)).toEqual([]);
});

test("JSON is JSON", () => {
  for (const { language, text } of all) if (language === "json") expect(JSON.parse(text)).toBeObject();
});

test("what is replaced still exists", () => {
  for (const { page, text } of INSTEAD) {
    const texts = all.filter((block) => block.page === page && isShell(block)).map((block) => block.text);
    expect({ page, text, occurs: texts.some((each) => each.includes(text)) }).toMatchObject({ occurs: true });
  }
});

for (const page of pages()) {
  const blocks = all.filter((block) => block.page === page && isShell(block));
  if (blocks.length === 0) continue;
  describe(page, () => {
    let scratch = "";
    let project: Workplace | undefined;
    let checkout: Workplace | undefined;
    beforeAll(() => {
      scratch = mkdtempSync(join(tmpdir(), "btdt-docs-"));
      for (const name of ["project", "checkout"]) mkdirSync(join(scratch, name));
    });
    afterAll(() => {
      must(["chmod", "-R", "u+rwX", scratch]);
      must(["rm", "-rf", scratch]);
    });
    for (const block of blocks) {
      const programs = PROGRAMS.filter((name) => new RegExp(`(^|[\\n;&|(] *)${name} `).test(block.text));
      const root = programs.some((name) => FOR_ROOT.has(name)) ? ["root"] : [];
      const firstLine = block.text.split("\n")[0] ?? "";
      testWith(
        ["git", ...root, ...programs],
        `line ${block.line}: ${firstLine}`,
        () => {
          const workplace = isForCheckout(block)
            ? (checkout ??= checkoutWorkplace(join(scratch, "checkout")))
            : (project ??= projectWorkplace(join(scratch, "project")));
          runBlock(block, workplace);
        },
        300_000,
      );
    }
  });
}

describe("the finding and comparing of blocks", () => {
  test("all kinds of fences, in lists too", () => {
    const markdown =
      "a\n```sh\none\n```\n- b\n  ```console\n  $ two\n    more\n  ```\n~~~~ bash\n```\nthree\n~~~~\n```\nfour\n```\n";
    expect(blocksOf("p", markdown).map(({ line, language, text }) => [line, language, text])).toEqual([
      [3, "sh", "one\n"],
      [7, "console", "$ two\n  more\n"],
      [11, "bash", "```\nthree\n"],
      [15, "", "four\n"],
    ]);
    expect(() => blocksOf("p", "```sh\nx")).toThrow("p:2: the block is not closed");
  });

  test("output is compared but for times, sizes and digests", () => {
    const digest = "ab".repeat(32);
    expect(isAsShown("stored 3 files, 12 KiB in 0.1 s\n", "stored 3 files, 3.4 MiB in 12 ms\n")).toBe(true);
    expect(isAsShown("stored 3 files, 12 KiB in 0.1 s\n", "stored 4 files, 12 KiB in 0.1 s\n")).toBe(false);
    expect(isAsShown(`${digest}\n`, `${"0f".repeat(32)}\n`)).toBe(true);
    expect(isAsShown("Restored key npm-…\n", `Restored key npm-${digest}\n`)).toBe(true);
    expect(isAsShown("Restored key npm-…\n", "Restored key npm-1\nand more\n")).toBe(false);
    expect(isAsShown("", "a warning\n")).toBe(false);
  });

  test("a console block shares one shell, and an exit status can be asked for", () => {
    const shown = parseConsole("$ a=1\n$ test $a = \\\n> 2\n$ echo $?\n1\n");
    expect(shown.map(({ command }) => command)).toEqual(["a=1", "test $a = \\\n2", "echo $?"]);
    expect(outputsOf(run(["sh", "-c", scriptOf(shown)]).stdout)).toEqual([
      { output: "", exitCode: 0 },
      { output: "", exitCode: 1 },
      { output: "1\n", exitCode: 0 },
    ]);
  });
});
