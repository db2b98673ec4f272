/**
 * Builds the container images without a container engine: `npm run image` writes `dist/btdt-scratch.oci.tar` and
 * `dist/btdt-shell.oci.tar`, each for linux/amd64 and linux/arm64, and the executables that they contain.
 */
import { readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { BuildError } from "../link/build-error.ts";
import { buildTime } from "../link/build-time.ts";
import { fetchDebianPackage } from "../link/debian-package.ts";
import { linuxTargets } from "../link/target.ts";
import { version } from "../package.json";
import { executableEntries, scratchConfig, shellConfig, shellEntries } from "./contents.ts";
import { packLayer } from "./layer.ts";
import { type Archive, packOciArchive } from "./oci-archive.ts";

const root = resolve(import.meta.dir, "..");

async function buildImages(outDirectory: string, created: Date): Promise<void> {
  const annotations = {
    "org.opencontainers.image.title": "btdt",
    "org.opencontainers.image.description": "Caches directories between CI runs.",
    "org.opencontainers.image.version": version,
    "org.opencontainers.image.created": created.toISOString(),
  };
  const scratchLicences = { "org.opencontainers.image.licenses": "MIT AND LGPL-2.1-or-later" };
  const shellLicences = { "org.opencontainers.image.licenses": "MIT AND LGPL-2.1-or-later AND GPL-2.0-only" };

  const parts = await Promise.all(
    linuxTargets.map(async (target) => {
      const executable = readFileSync(join(outDirectory, `btdt-${target.name}`));
      const busyboxPackage = fetchDebianPackage(
        "busybox-static",
        target.debianArchitecture,
        join(root, "dist", ".packages"),
      );
      const busyboxPath = join(busyboxPackage, "bin/busybox");
      const licence = readFileSync(join(busyboxPackage, "usr/share/doc/busybox-static/copyright"));
      return {
        architecture: target.debianArchitecture,
        executable: await packLayer(executableEntries(executable), created),
        shell: await packLayer(
          shellEntries({ path: busyboxPath, bytes: readFileSync(busyboxPath) }, licence),
          created,
        ),
      };
    }),
  );

  const common = { name: "localhost/btdt", created };
  const archives: Record<string, Archive> = {
    "btdt-scratch.oci.tar": {
      ...common,
      tag: version,
      annotations: { ...annotations, ...scratchLicences },
      platforms: parts.map(({ architecture, executable }) => ({
        architecture,
        layers: [executable],
        config: scratchConfig({ ...annotations, ...scratchLicences }),
      })),
    },
    "btdt-shell.oci.tar": {
      ...common,
      tag: `${version}-shell`,
      annotations: { ...annotations, ...shellLicences },
      platforms: parts.map(({ architecture, executable, shell }) => ({
        architecture,
        layers: [shell, executable],
        config: shellConfig({ ...annotations, ...shellLicences }),
      })),
    },
  };
  for (const [file, archive] of Object.entries(archives)) {
    const path = join(outDirectory, file);
    writeFileSync(`${path}.new`, await packOciArchive(archive));
    renameSync(`${path}.new`, path);
  }
}

try {
  const { values } = parseArgs({ options: { "out-dir": { type: "string", default: join(root, "dist") } } });
  await buildImages(resolve(values["out-dir"]), buildTime(process.env["SOURCE_DATE_EPOCH"], new Date(0)));
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  writeSync(2, `${error.toLine()}\n`);
  process.exit(1);
}
