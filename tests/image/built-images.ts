import { afterAll, beforeAll } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { must } from "../support/executable.ts";

const root = join(import.meta.dir, "../..");

/** The second process that asks waits for the first one, and builds nothing. */
const SCRIPT = `
test ! -e "$2/whole" || exit 0
"$1" build.ts --target linux-x64,linux-arm64 --out-dir "$2"
"$1" image/build.ts --out-dir "$2"
touch "$2/whole"
`;

/**
 * To be called in a group: makes a directory with the images and the executables in them before its tests, which takes
 * a minute. It is made once for a run of all tests, and nobody writes there; `tests/run.ts` removes it.
 */
export function useBuiltImages(): (name: string) => string {
  const shared = process.env["BTDT_TEST_RUN"];
  let directory = "";
  beforeAll(() => {
    directory = join(shared ?? mkdtempSync(join(tmpdir(), "btdt-")), "images");
    mkdirSync(directory, { recursive: true });
    must(["flock", directory, "sh", "-ec", SCRIPT, "sh", process.execPath, directory], { cwd: root });
  }, 300_000);
  afterAll(() => {
    if (shared === undefined) rmSync(dirname(directory), { recursive: true });
  });
  return (name) => join(directory, name);
}
