import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const VERSION = "1.8.0";
const MOST_MS = 600_000;

/**
 * Builds versitygw, the second real object store of the tests, where Go is: once on a machine, since that takes one to
 * three minutes. Without Go, or what it fetches, its tests are skipped.
 * @returns the directory of the program; undefined if it is not needed or cannot be built
 */
export function installVersitygw(): string | undefined {
  if (Bun.which("versitygw") !== null || Bun.which("go") === null) return undefined;
  const directory = join(tmpdir(), `btdt-versitygw-${VERSION}`);
  const program = join(directory, "versitygw");
  if (existsSync(program)) return directory;
  writeSync(2, `tests: building versitygw ${VERSION}, once\n`);
  const build = mkdtempSync(join(tmpdir(), "btdt-versitygw-"));
  try {
    const source = `github.com/versity/versitygw/cmd/versitygw@v${VERSION}`;
    const { exitCode } = Bun.spawnSync(["go", "install", source], {
      env: {
        ...process.env,
        GOPATH: build,
        GOBIN: build,
        GOCACHE: join(build, "cache"),
        // Otherwise, what it has fetched could not be removed.
        GOFLAGS: "-modcacherw",
      },
      stdio: ["ignore", "ignore", "ignore"],
      timeout: MOST_MS,
    });
    if (exitCode !== 0) return undefined;
    mkdirSync(directory, { recursive: true });
    renameSync(join(build, "versitygw"), program);
    return directory;
  } finally {
    rmSync(build, { recursive: true, force: true });
  }
}
