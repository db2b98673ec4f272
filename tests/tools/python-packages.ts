import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { strToU8, zipSync } from "fflate";
import { sharedTool } from "./shared-tool.ts";

/** uv, from PyPI if this machine does not have it. */
export const uv = sharedTool("uv-0.13.9", "bin/uv", (directory) => [
  ["python3", "-m", "pip", "--quiet", "--retries=1", "install", "--target", directory, "uv==0.13.9"],
]);

/** Builds a wheel with one module of one line, a data file and a command. */
export function buildWheel(directory: string, name: string, version: string): void {
  const info = `${name}-${version}.dist-info`;
  const files: Record<string, string> = {
    [`${name}/__init__.py`]: `VERSION = "${version}"\ndef main(): print(VERSION)\n`,
    [`${name}/data.txt`]: `${name} ${version}\n`,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: btdt\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    [`${info}/entry_points.txt`]: `[console_scripts]\n${name} = ${name}:main\n`,
  };
  const record = Object.entries(files).map(([path, content]) => {
    const digest = createHash("sha256").update(content).digest("base64url");
    return `${path},sha256=${digest},${content.length}\n`;
  });
  files[`${info}/RECORD`] = `${record.join("")}${info}/RECORD,,\n`;
  const zipped = zipSync(
    Object.fromEntries(Object.entries(files).map(([path, content]) => [path, strToU8(content)])),
  );
  writeFileSync(join(directory, `${name}-${version}-py3-none-any.whl`), zipped);
}
