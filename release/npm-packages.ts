/** Packages for npm: `btdt`, and one for each platform, of which npm installs the one that fits (`os`, `cpu`). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "../link/target.ts";
import type { Documents } from "./documents.ts";
import type { ReleaseFile } from "./release-file.ts";
import { packTarball } from "./tarball.ts";

const DESCRIPTION = "Been there, done that: caches directories between CI runs.";

interface PackageOptions {
  readonly version: string;
  readonly modified: Date;
  readonly documents: Documents;
}

/** The package that users install. */
export function packMainPackage(
  root: string,
  targets: readonly Target[],
  { version, modified, documents }: PackageOptions,
): Promise<Uint8Array> {
  const description = {
    name: "btdt",
    version,
    description: DESCRIPTION,
    license: "MIT",
    bin: { btdt: "bin/btdt.js" },
    engines: { node: ">=18" },
    optionalDependencies: Object.fromEntries(targets.map(({ name }) => [`btdt-${name}`, version])),
  };
  return packPackage(
    [
      packageFile(description),
      { path: "bin/btdt.js", mode: 0o755, bytes: readFileSync(join(root, "release/npm/btdt.js")) },
      { path: "README.md", mode: 0o644, bytes: Buffer.from(`# btdt\n\n${DESCRIPTION}\n`) },
      documents.licence,
    ],
    modified,
  );
}

export function packPlatformPackage(
  target: Target,
  executable: Uint8Array,
  { version, modified, documents }: PackageOptions,
): Promise<Uint8Array> {
  const [system, processor] = target.name.split("-");
  const description = {
    name: `btdt-${target.name}`,
    version,
    description: `The executable of btdt for ${target.name}.`,
    license: target.system === "linux" ? "MIT AND LGPL-2.1-or-later" : "MIT",
    os: [system],
    cpu: [processor],
    // Its path must exist on disk, also with Yarn's Plug'n'Play.
    preferUnplugged: true,
  };
  return packPackage(
    [packageFile(description), { path: "bin/btdt", mode: 0o755, bytes: executable }, documents.licence],
    modified,
  );
}

function packageFile(description: object): ReleaseFile {
  return {
    path: "package.json",
    mode: 0o644,
    bytes: Buffer.from(`${JSON.stringify(description, undefined, 2)}\n`),
  };
}

function packPackage(files: readonly ReleaseFile[], modified: Date): Promise<Uint8Array> {
  return packTarball(files, { modified, prefix: "package/", hasDirectories: false });
}
