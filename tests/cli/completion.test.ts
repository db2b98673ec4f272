import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { btdt, must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

function script(shell: string): string {
  const { exitCode, stdout, stderr } = btdt(["completion", shell]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const path = scratch.path(`_btdt.${shell}`);
  writeFileSync(path, stdout);
  return path;
}

/** What is offered for the last of the words. */
type Offers = (...words: string[]) => string[];

function expectOffers(offers: Offers): void {
  expect(offers("")).toContain("restore");
  expect(offers("st")).toEqual(["stats", "store"]);
  expect(offers("restore", "--mi")).toEqual(["--miss-ok"]);
  expect(offers("restore", "--res")).toEqual(["--result-file"]);
  expect(offers("store", "-c", "dir", "--link", "re")).toEqual(["reflink"]);
  expect(offers("ls", "--so")).toEqual(["--sort"]);
  expect(offers("hash", "--algorithm", "")).toEqual(["blake3", "sha256"]);
}

testWith(["bash"], "bash completes commands, options and choices", () => {
  const path = script("bash");
  expectOffers((...words) => {
    const ask =
      'source "$1"; shift; COMP_WORDS=(btdt "$@"); COMP_CWORD=$#; _btdt; printf "%s\\n" "${COMPREPLY[@]}"';
    return must(["bash", "-c", ask, "bash", path, ...words])
      .split("\n")
      .filter(Boolean)
      .toSorted();
  });
});

testWith(["fish"], "fish completes commands, options and choices", () => {
  const path = script("fish");
  const env = { HOME: scratch.directory("home") };
  expectOffers((...words) => {
    const ask = `source '${path}'; complete -C 'btdt ${words.join(" ")}'`;
    const lines = must(["fish", "--no-config", "-c", ask], { env }).split("\n").filter(Boolean);
    return lines.map((line) => line.split("\t")[0] ?? "").toSorted();
  });
});

testWith(["zsh"], "zsh takes the script, as a file and sourced", () => {
  const path = script("zsh");
  mkdirSync(scratch.path("functions"));
  must(["cp", path, scratch.path("functions", "_btdt")]);
  const env = { HOME: scratch.directory("home"), ZDOTDIR: scratch.directory("home") };
  const autoloaded = "fpath=($1 $fpath); autoload -Uz compinit; compinit -u; print -- ${_comps[btdt]}";
  expect(must(["zsh", "-fc", autoloaded, "zsh", scratch.path("functions")], { env })).toBe("_btdt\n");
  const sourced = 'autoload -Uz compinit; compinit -u; source "$1"; print -- ${_comps[btdt]}';
  expect(must(["zsh", "-fc", sourced, "zsh", path], { env })).toBe("_btdt\n");
  must(["zsh", "-n", path]);
});

test("another shell is a usage error", () => {
  const { exitCode, stdout, stderr } = btdt(["completion", "tcsh"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).toContain("bash, zsh, fish");
});
