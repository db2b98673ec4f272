import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BuildError } from "./build-error.ts";
import type { LinuxTarget } from "./target.ts";

/**
 * Fetches a package of the Debian or Ubuntu release that this machine runs, for either architecture, and
 * unpacks it below `cacheDirectory`. Returns the directory. The package lists are kept there, too, separate from
 * the system's, so neither root nor `dpkg --add-architecture` is needed. apt checks signatures and digests.
 */
export function fetchDebianPackage(
  name: string,
  architecture: LinuxTarget["debianArchitecture"],
  cacheDirectory: string,
): string {
  const unpacked = join(cacheDirectory, `${name}-${architecture}`);
  if (existsSync(unpacked)) return unpacked;

  mkdirSync(cacheDirectory, { recursive: true });
  const scratch = mkdtempSync(join(cacheDirectory, "fetch-"));
  try {
    for (const directory of ["lists/partial", "archives/partial", "unpacked"])
      mkdirSync(join(scratch, directory), { recursive: true });
    writeFileSync(join(scratch, "status"), "");
    const apt = [
      "apt-get",
      "-qq",
      `-oAPT::Architecture=${architecture}`,
      `-oAPT::Architectures=${architecture}`,
      `-oDir::State::lists=${join(scratch, "lists")}`,
      `-oDir::State::status=${join(scratch, "status")}`,
      `-oDir::Cache=${scratch}`,
      "-oAPT::Sandbox::User=",
      "-oAcquire::Languages=none",
    ];
    run([...apt, "update"], scratch, name);
    run([...apt, "download", name], scratch, name);
    const archive = readdirSync(scratch).find((file) => file.endsWith(".deb"));
    if (archive === undefined) throw unavailable(name, "apt-get downloaded nothing");
    run(["dpkg-deb", "--extract", archive, "unpacked"], scratch, name);
    renameSync(join(scratch, "unpacked"), unpacked);
    return unpacked;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function run(command: string[], directory: string, name: string): void {
  const [program] = command;
  if (program === undefined || Bun.which(program) === null)
    throw unavailable(name, `${program} is not on this machine`);
  const result = Bun.spawnSync(command, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  if (result.exitCode !== 0) {
    const reason = result.stderr
      .toString()
      .split("\n")
      .find((line) => line.startsWith("E:"));
    throw unavailable(name, `${program} failed${reason === undefined ? "" : `: ${reason.slice(2).trim()}`}`);
  }
}

function unavailable(name: string, reason: string): BuildError {
  return new BuildError(
    "package-unavailable",
    "",
    `cannot fetch Debian's package ${name}: ${reason}`,
    "build on Debian or Ubuntu with access to its packages, or give the directory with --libc-dir",
  );
}
