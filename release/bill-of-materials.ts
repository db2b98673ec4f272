/** The bill of materials in CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/): what npm knows, and what it does not. */
import { createHash } from "node:crypto";
import { BuildError } from "../link/build-error.ts";
import { devDependencies } from "../package.json";

interface Component {
  readonly "bom-ref": string;
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly [other: string]: unknown;
}

interface Dependency {
  readonly ref: string;
  readonly dependsOn: readonly string[];
}

interface BillOfMaterials {
  readonly metadata: { readonly component: Component; readonly tools: unknown };
  readonly components: readonly Component[];
  readonly dependencies: readonly Dependency[];
  readonly [other: string]: unknown;
}

/**
 * @param glibcVersion of the library in the Linux executables
 * @throws BuildError if npm cannot list the dependencies
 */
export function writeBillOfMaterials(root: string, glibcVersion: string, modified: Date): string {
  const words = ["npm", "sbom", "--sbom-format", "cyclonedx", "--omit", "dev", "--package-lock-only"];
  const listed = Bun.spawnSync(words, { cwd: root, stderr: "pipe" });
  if (listed.exitCode !== 0) {
    const [reason = ""] = listed.stderr.toString().split("\n");
    throw new BuildError(
      "package-unavailable",
      "package-lock.json",
      `npm sbom failed: ${reason}`,
      "npm 10 or newer can do it",
    );
  }
  const bill: BillOfMaterials = JSON.parse(listed.stdout.toString());
  const main: Component = { ...bill.metadata.component, type: "application", name: "btdt" };
  const runtimes = [
    runtime("bun", devDependencies.bun, "MIT", `pkg:npm/bun@${devDependencies.bun}`),
    runtime("glibc", glibcVersion, "LGPL-2.1-or-later", `pkg:deb/debian/libc6@${glibcVersion}`),
  ];
  const digest = createHash("sha256")
    .update(JSON.stringify([main, bill.components, runtimes]))
    .digest("hex");
  const document = {
    ...bill,
    // npm has made up a number and taken the clock.
    serialNumber: `urn:uuid:${digest.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/, "$1-$2-5$3-8$4-$5")}`,
    metadata: {
      ...bill.metadata,
      timestamp: modified.toISOString(),
      lifecycles: [{ phase: "build" }],
      component: main,
    },
    components: [...bill.components, ...runtimes],
    dependencies: bill.dependencies.map((dependency) =>
      dependency.ref === main["bom-ref"] ? addDependencies(dependency, runtimes) : dependency,
    ),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function addDependencies(dependency: Dependency, components: readonly Component[]): Dependency {
  const dependsOn = dependency.dependsOn.concat(components.map((component) => component["bom-ref"]));
  return { ref: dependency.ref, dependsOn };
}

function runtime(name: string, version: string, licence: string, purl: string): Component {
  return {
    "bom-ref": `${name}@${version}`,
    type: "library",
    name,
    version,
    scope: "required",
    purl,
    licenses: [{ license: { id: licence } }],
  };
}
