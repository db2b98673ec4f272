/** Packages that are written into after their installation, which their names do not tell. */
import { expect } from "bun:test";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { packNodePackage, patchPackage } from "./node-packages.ts";
import { npmTrial, VERSION } from "./npm-trial.ts";
import { expectLikeCopies, writeFiles } from "./trial.ts";

const scratch = Scratch.use();

/** A package that its installer adapts to the machine, in place. */
function packAdapted(directory: string): string {
  const adapt = 'require("fs").writeFileSync("adapted.txt", process.env.ADAPT_TO || "nothing")';
  return packNodePackage(directory, "three", "1.0.0", {
    manifest: { scripts: { postinstall: "node adapt.js" } },
    files: { "package/adapt.js": `${adapt}\n` },
  });
}

testWith(["npm"], "a package whose postinstall writes in place is named with --no-share", async () => {
  const options = ["--no-share", "/three/"];
  const rebuild = (text: string) => ["sh", "-c", `ADAPT_TO=${text} npm rebuild`];
  const show = ["cat", "node_modules/three/adapted.txt"];
  const { answers, shared } = await expectLikeCopies(
    scratch,
    npmTrial(
      scratch,
      () => [
        { at: "a", run: rebuild("a") },
        { at: "b", run: show },
        { at: "b", run: rebuild("b") },
        { at: "a", run: show },
      ],
      { pack: packAdapted, options: { storeOptions: options, restoreOptions: options } },
    ),
  );
  expect(answers[1]?.output).toBe("nothing");
  expect(answers[3]?.output).toBe("a");
  expect(shared.map((path) => path.split("/")[1])).toEqual(["one", "one", "two", "two"]);
});

testWith(
  ["npm", "git", patchPackage],
  "packages that patch-package patches are named with --no-share",
  async () => {
    const options = ["--no-share", "/one/"];
    const patch = (text: string) => ({
      "patches/one+1.0.0.patch": `diff --git a/node_modules/one/index.js b/node_modules/one/index.js
index 1111111..2222222 100644
--- a/node_modules/one/index.js
+++ b/node_modules/one/index.js
@@ -1 +1 @@
-module.exports = "one 1.0.0";
+module.exports = "${text}";
`,
    });
    const apply = ["node", patchPackage.path()];
    const { answers, shared } = await expectLikeCopies(
      scratch,
      npmTrial(
        scratch,
        () => [
          { at: "a", edit: (project) => writeFiles(project, patch("patched in a")) },
          { at: "a", run: apply },
          { at: "b", run: VERSION },
          { at: "a", run: VERSION },
        ],
        { options: { storeOptions: options, restoreOptions: options } },
      ),
    );
    expect(answers.slice(1).map(({ output }) => output)).toEqual(["one 1.0.0\n", "patched in a\n"]);
    expect(shared.map((path) => path.split("/")[1])).toEqual(["two", "two"]);
  },
);
