/**
 * Makes what a release consists of from the executables and images in `dist/`: `npm run release` builds those first and
 * writes `dist/release/`. The same sources give the same bytes (docs/releasing.md).
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { BuildError } from "../link/build-error.ts";
import { buildTime } from "../link/build-time.ts";
import { writeChecksums } from "../link/checksums.ts";
import { type LinuxTarget, type Target, targets } from "../link/target.ts";
import { version } from "../package.json";
import { writeBillOfMaterials } from "./bill-of-materials.ts";
import { findRelease, type Release } from "./changelog.ts";
import { writeDebianPackage } from "./debian-package.ts";
import { type Documents, placeIn, writeDocuments } from "./documents.ts";
import { findGlibcVersion } from "./glibc-version.ts";
import { packMainPackage, packPlatformPackage } from "./npm-packages.ts";
import { packTarball } from "./tarball.ts";

const root = resolve(import.meta.dir, "..");

interface ReleaseOptions {
  readonly release: Release;
  readonly documents: Documents;
  readonly modified: Date;
  /** Where the executables and images are. */
  readonly builtDirectory: string;
  readonly outDirectory: string;
}

async function makeRelease(options: ReleaseOptions): Promise<void> {
  const { release, documents, modified, builtDirectory, outDirectory } = options;
  const common = { version, modified, documents };
  rmSync(outDirectory, { recursive: true, force: true });
  mkdirSync(outDirectory, { recursive: true });
  const write = (name: string, bytes: Uint8Array | string): void =>
    writeFileSync(join(outDirectory, name), bytes);

  let glibcVersion: string | undefined;
  for (const target of targets) {
    const executable = readFileSync(join(builtDirectory, `btdt-${target.name}`));
    write(`btdt-${version}-${target.name}.tar.gz`, await packArchive(target, executable, options));
    write(`npm-btdt-${target.name}-${version}.tgz`, await packPlatformPackage(target, executable, common));
    if (target.system !== "linux") continue;
    write(
      debianName(target),
      await writeDebianPackage({ ...common, executable, architecture: target.debianArchitecture }),
    );
    glibcVersion ??= findGlibcVersion(executable);
  }
  write(`npm-btdt-${version}.tgz`, await packMainPackage(root, targets, common));
  write("btdt.cdx.json", writeBillOfMaterials(root, glibcVersion ?? "unknown", modified));
  write("RELEASE-NOTES.md", `${release.notes}\n`);
  for (const image of ["scratch", "shell"])
    copyFileSync(
      join(builtDirectory, `btdt-${image}.oci.tar`),
      join(outDirectory, `btdt-${version}-${image}.oci.tar`),
    );
  writeChecksums(outDirectory, (file) => file !== "SHA256SUMS");
}

function debianName({ debianArchitecture }: LinuxTarget): string {
  return `btdt_${version}_${debianArchitecture}.deb`;
}

function packArchive(
  target: Target,
  executable: Uint8Array,
  { documents, modified }: ReleaseOptions,
): Promise<Uint8Array> {
  const { bash, zsh, fish } = documents.completions;
  return packTarball(
    [
      { path: "btdt", mode: 0o755, bytes: executable },
      documents.licence,
      documents.changelog,
      ...documents.manPages.map((page) => placeIn("man/man1", page)),
      placeIn("completions/bash", bash),
      placeIn("completions/zsh", zsh),
      placeIn("completions/fish", fish),
    ],
    { modified, prefix: `btdt-${version}-${target.name}/`, hasDirectories: false },
  );
}

try {
  const { values } = parseArgs({
    options: {
      from: { type: "string", default: join(root, "dist") },
      "out-dir": { type: "string", default: join(root, "dist/release") },
    },
  });
  const release = findRelease(readFileSync(join(root, "CHANGELOG.md"), "utf8"), version);
  await makeRelease({
    release,
    documents: await writeDocuments(root, release),
    modified: buildTime(process.env["SOURCE_DATE_EPOCH"], new Date(`${release.date}T00:00:00Z`)),
    builtDirectory: resolve(values.from),
    outDirectory: resolve(values["out-dir"]),
  });
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  writeSync(2, `${error.toLine()}\n`);
  process.exit(1);
}
