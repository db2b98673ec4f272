import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { BTDT, run } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { blocksOf, type MarkdownBlock, pages } from "./markdown-blocks.ts";

const scratch = Scratch.use();

const blocks = pages().flatMap((page) => blocksOf(page));
const inLanguage = (language: string): MarkdownBlock[] =>
  blocks.filter((block) => block.language === language);

/** A home directory with btdt and a cache where the page puts them. */
function home(): string {
  for (const name of ["home/.local/bin", "home/.cache/btdt"])
    mkdirSync(scratch.path(name), { recursive: true });
  symlinkSync(BTDT, scratch.path("home/.local/bin/btdt"));
  return scratch.path("home");
}

test("the command for cron works", () => {
  const lines = inLanguage("crontab").flatMap(({ text }) => text.trimEnd().split("\n"));
  expect(lines.length).toBeGreaterThan(0);
  const env = { HOME: home() };
  for (const line of lines) {
    const [, command] = /^(?:@(?:hourly|daily|weekly)|(?:[\d*/,-]+ ){5})\s*(.+)$/.exec(line) ?? [];
    expect({ line, command }).toMatchObject({ command: expect.any(String) });
    // Cron itself interprets % as the end of the line.
    expect(command).not.toContain("%");
    expect(run(["sh", "-c", command ?? ""], { env })).toEqual({
      exitCode: 0,
      stdout: expect.any(String),
      stderr: "",
    });
  }
});

const units = inLanguage("ini").map(({ text }) => text);

test("the command for systemd works", () => {
  const commands = units.flatMap((text) =>
    [...text.matchAll(/^ExecStart=(.+)$/gm)].map((match) => match[1] ?? ""),
  );
  expect(commands.length).toBeGreaterThan(0);
  const directory = home();
  for (const command of commands) {
    const { exitCode, stdout } = run(command.replaceAll("%h", directory).split(" "));
    expect({ command, exitCode, stdout }).toEqual({ command, exitCode: 0, stdout: "Kept 0 entries, 0 B\n" });
  }
});

testWith(["systemd-analyze"], "systemd understands the units", () => {
  const directory = home();
  const paths = units.map((text) => {
    const path = scratch.path(`btdt-clean.${text.includes("[Timer]") ? "timer" : "service"}`);
    writeFileSync(path, text.replaceAll("%h", directory));
    return path;
  });
  expect(paths).toHaveLength(2);
  const { exitCode, stderr } = run(["systemd-analyze", "verify", "--man=no", ...paths]);
  // It also reads the machine's own units, and may complain about those.
  expect(stderr.split("\n").filter((line) => line.includes("btdt-clean"))).toEqual([]);
  expect(exitCode).toBe(0);
});
