import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { must } from "../../support/executable.ts";
import { testWith } from "../../support/requirements.ts";
import { Scratch } from "../../support/scratch.ts";

const scratch = Scratch.use();

testWith(["linux"], "without the launcher, commands get the soft limit that the parent process has", () => {
  const module = new URL("../../../src/fs/native/open-file-limit.ts", import.meta.url).pathname;
  const script = scratch.path("script.ts");
  writeFileSync(
    script,
    `import { withOriginalFileLimit } from ${JSON.stringify(module)};
const limitOf = () => Bun.spawnSync(["sh", "-c", "ulimit -Sn"]).stdout.toString();
const inherited = limitOf();
process.stdout.write(withOriginalFileLimit(limitOf) + String(limitOf() === inherited));`,
  );
  // The shell stays: it has another command to run.
  const shell = `ulimit -Sn 777; ${JSON.stringify(process.execPath)} run "$0"; exit $?`;
  expect(must(["sh", "-c", shell, script])).toBe("777\ntrue");
});
