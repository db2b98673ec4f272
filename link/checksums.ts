import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes SHA256SUMS for all executables in a directory, for `sha256sum --check`. */
export function writeChecksums(directory: string, isExecutable: (file: string) => boolean): void {
  const lines = readdirSync(directory)
    .filter((file) => isExecutable(file))
    .sort()
    .map(
      (file) =>
        `${createHash("sha256")
          .update(readFileSync(join(directory, file)))
          .digest("hex")}  ${file}\n`,
    );
  writeFileSync(join(directory, "SHA256SUMS"), lines.join(""));
}
