import { expect } from "bun:test";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { expectLikeCopies, writeFiles } from "./trial.ts";

const scratch = Scratch.use();

/** Builds a gem, and returns its file. */
function buildGem(directory: string, name: string, version: string): string {
  const source = join(directory, `${name}-${version}`);
  writeFiles(source, {
    [`${name}.gemspec`]:
      `Gem::Specification.new { |s| s.name = "${name}"; s.version = "${version}"; s.summary = "a"; ` +
      `s.authors = ["A"]; s.files = ["lib/${name}.rb"] }\n`,
    [`lib/${name}.rb`]: `puts "${name} ${version}"\n`,
  });
  must(
    ["gem", "build", "--silent", "--output", join(directory, `${name}-${version}.gem`), `${name}.gemspec`],
    {
      cwd: source,
    },
  );
  return join(directory, `${name}-${version}.gem`);
}

testWith(
  ["ruby", "gem", "bundle"],
  "bundle install of another version in A does not change B; gems are shared",
  async () => {
    const env = {
      HOME: scratch.directory("home"),
      BUNDLE_PATH: "vendor/bundle",
      BUNDLE_DISABLE_VERSION_CHECK: "true",
      BUNDLE_USER_HOME: scratch.path("bundle-home"),
    };
    const gems = scratch.directory("gems");
    for (const version of ["1.0.0", "2.0.0"]) buildGem(gems, "one", version);
    buildGem(gems, "two", "1.0.0");
    const gemfile = (version: string): string =>
      `source "https://rubygems.org"\ngem "one", "${version}"\ngem "two"\n`;
    const install = ["bundle", "install", "--local", "--quiet"];
    const show = ["bundle", "exec", "ruby", "-e", "require 'one'; require 'two'"];
    const { answers, shared } = await expectLikeCopies(scratch, {
      stored: "vendor",
      env,
      prepare(project) {
        writeFiles(project, { Gemfile: gemfile("1.0.0") });
        must(["mkdir", "-p", join(project, "vendor", "cache")]);
        must(["sh", "-c", 'cp "$1"/*.gem "$2"', "sh", gems, join(project, "vendor", "cache")]);
        must(install, { cwd: project, env });
      },
      steps: [
        {
          at: "a",
          edit(checkout) {
            writeFiles(checkout, { Gemfile: gemfile("2.0.0") });
            copyFileSync(join(gems, "one-2.0.0.gem"), join(checkout, "vendor", "cache", "one-2.0.0.gem"));
          },
        },
        { at: "a", run: ["bundle", "update", "--local", "--quiet", "one"] },
        { at: "b", run: install },
        { at: "b", run: show },
        { at: "a", run: show },
        { at: "a", run: ["bundle", "install", "--local", "--quiet", "--redownload"] },
        { at: "a", run: ["bundle", "clean", "--force"] },
        { at: "b", run: install },
        { at: "b", run: show },
      ],
    });
    const shown = answers.filter(({ command }) => command.includes("bundle exec"));
    expect(shown.map(({ output }) => output)).toEqual([
      "one 1.0.0\ntwo 1.0.0\n",
      "one 2.0.0\ntwo 1.0.0\n",
      "one 1.0.0\ntwo 1.0.0\n",
    ]);
    expect(shared.filter((path) => path.endsWith("/gems/one-1.0.0/lib/one.rb"))).toHaveLength(1);
    expect(shared.filter((path) => !/ruby\/[^/]+\/gems\//.test(path))).toEqual([]);
  },
);
