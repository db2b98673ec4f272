import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { devDependencies, version } from "../../package.json";
import { findGlibcVersion } from "../../release/glibc-version.ts";
import { prepareProject } from "../ci/project.ts";
import { commandNames } from "../docs/command-reference.ts";
import { blocksOf } from "../docs/markdown-blocks.ts";
import { BTDT, btdt, must, run } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { HERE, makeParts, makeRelease, ROOT, useRelease } from "./made-release.ts";

const scratch = Scratch.useDisk();

describe("a release", () => {
  const released = useRelease();
  const unpack = (): string => {
    mkdirSync(scratch.path("unpacked"));
    must(["tar", "-xzf", released(`btdt-${version}-${HERE}.tar.gz`), "-C", scratch.path("unpacked")]);
    return scratch.path("unpacked", `btdt-${version}-${HERE}`);
  };

  test("SHA256SUMS has every file", () => {
    const checked = must(["sha256sum", "--check", "SHA256SUMS"], { cwd: released("") });
    const files = readdirSync(released("")).filter((name) => name !== "SHA256SUMS");
    expect(files).toHaveLength(4 + 2 + 5 + 2 + 2);
    expect(checked).toBe(
      files
        .sort()
        .map((name) => `${name}: OK\n`)
        .join(""),
    );
  });

  test("from an archive to a hit in three commands, as the README shows", () => {
    const block = blocksOf("README.md").find(({ text }) => text.includes("tar -xzf"));
    const commands = (block?.text ?? "").trim().split("\n");
    expect(commands).toHaveLength(3);
    const { project, PATH } = prepareProject(scratch);
    // Only what the first command puts into the path.
    rmSync(scratch.path("bin", "btdt"));
    const archive = `btdt-${version}-${HERE}.tar.gz`;
    symlinkSync(released(archive), join(project, archive));
    const script = commands.join("\n").replaceAll("linux-x64", HERE);
    const env = { PATH, HOME: scratch.directory("home") };
    const { exitCode, stdout, stderr } = run(["sh", "-ec", script], { cwd: project, env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "npm ci\n" });
    expect(stderr).toContain("btdt: restored key npm-");
    expect(readFileSync(join(project, "node_modules", "package-lock.json"), "utf8")).toBe("{}");
    expect(must([join(project, `btdt-${version}-${HERE}`, "btdt"), "--version"])).toBe(`${version}\n`);
  });

  testWith(["groff"], "a manual page for every command, without a complaint by groff", () => {
    const manual = join(unpack(), "man/man1");
    const pages = readdirSync(manual).sort();
    expect(pages).toEqual(["btdt.1", ...commandNames().map((name) => `btdt-${name}.1`)].sort());
    for (const page of pages) {
      const formatted = run(["groff", "-man", "-ww", "-Tutf8", join(manual, page)]);
      expect(formatted).toMatchObject({ exitCode: 0, stderr: "" });
    }
    // Every option that the help has.
    const page = readFileSync(join(manual, "btdt-restore.1"), "utf8").replaceAll("\\-", "-");
    const options = [...btdt(["restore", "--help"]).stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)];
    expect(options.length).toBeGreaterThan(10);
    for (const [, option = ""] of options) expect(page).toContain(option);
  });

  test("completions are those that the executable prints", () => {
    const directory = unpack();
    for (const [shell, name] of [
      ["bash", "btdt"],
      ["zsh", "_btdt"],
      ["fish", "btdt.fish"],
    ] as const) {
      const packed = readFileSync(join(directory, "completions", shell, name), "utf8");
      expect(packed).toBe(btdt(["completion", shell]).stdout);
    }
  });

  test("the bill of materials has what is linked in", () => {
    const bill = JSON.parse(readFileSync(released("btdt.cdx.json"), "utf8"));
    const versions = new Map(
      bill.components.map((part: { name: string; version: string }) => [part.name, part.version]),
    );
    const packages = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    for (const [name, wanted] of Object.entries(packages.dependencies))
      expect([name, versions.get(name)]).toEqual([name, wanted]);
    expect(versions.get("bun")).toBe(devDependencies.bun);
    if (HERE.startsWith("linux"))
      expect(versions.get("glibc")).toBe(findGlibcVersion(readFileSync(BTDT)) ?? "none");
    expect(bill).toMatchObject({
      bomFormat: "CycloneDX",
      metadata: { component: { name: "btdt", version } },
    });
  });
});

test("the same parts give the same release, at another time and by another clock", () => {
  makeParts(scratch.path("parts"), false);
  const digests = ["one", "two"].map((name) => {
    makeRelease(scratch.path("parts"), scratch.path(name), {
      TZ: name === "one" ? "UTC" : "Pacific/Auckland",
    });
    return readFileSync(scratch.path(name, "SHA256SUMS"), "utf8");
  });
  expect(digests[0]).toBe(digests[1] ?? "");
});

test("a version that the changelog does not describe cannot be released", () => {
  const parts = scratch.path("parts");
  makeParts(parts, false);
  const words = [process.execPath, "release/build.ts", "--from", parts, "--out-dir", scratch.path("out")];
  const failed = run(words, { cwd: ROOT, env: { SOURCE_DATE_EPOCH: "yesterday" } });
  expect(failed).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^usage: SOURCE_DATE_EPOCH/) });
});

test("documents and kit name the images of this version", () => {
  const named = must(
    ["git", "grep", "-ho", "localhost/btdt:[0-9][0-9.]*[0-9]", "--", "docs", "tekton", "README.md"],
    { cwd: ROOT },
  );
  expect([...new Set(named.trim().split("\n"))]).toEqual([`localhost/btdt:${version}`]);
});
