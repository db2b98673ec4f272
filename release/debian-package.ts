/**
 * Writes a Debian package (deb(5)): an `ar` archive with a version, a control archive and a data archive. Made here
 * rather than by dpkg-deb so that a release can be made anywhere.
 */
import { createHash } from "node:crypto";
import type { LinuxTarget } from "../link/target.ts";
import { packArchive } from "./ar-archive.ts";
import { type Documents, placeIn } from "./documents.ts";
import type { ReleaseFile } from "./release-file.ts";
import { compress, packTarball } from "./tarball.ts";

interface DebianPackage {
  readonly version: string;
  readonly architecture: LinuxTarget["debianArchitecture"];
  readonly executable: Uint8Array;
  readonly documents: Documents;
  readonly modified: Date;
}

const MAINTAINER = "The btdt developers <btdt@btdt.invalid>";

export async function writeDebianPackage(contents: DebianPackage): Promise<Uint8Array> {
  const { modified } = contents;
  const files = listFiles(contents);
  const packed = { modified, prefix: "./", hasDirectories: true };
  return packArchive(
    [
      { path: "debian-binary", mode: 0o644, bytes: Buffer.from("2.0\n") },
      {
        path: "control.tar.gz",
        mode: 0o644,
        bytes: await packTarball(
          [
            { path: "control", mode: 0o644, bytes: Buffer.from(writeControl(contents, files)) },
            { path: "md5sums", mode: 0o644, bytes: Buffer.from(writeDigests(files)) },
          ],
          { ...packed, hasDirectories: false },
        ),
      },
      { path: "data.tar.gz", mode: 0o644, bytes: await packTarball(files, packed) },
    ],
    modified,
  );
}

function listFiles({ executable, documents }: DebianPackage): ReleaseFile[] {
  const { licence, changelog, manPages, completions } = documents;
  return [
    { path: "usr/bin/btdt", mode: 0o755, bytes: executable },
    ...manPages.map((page) => compressed(placeIn("usr/share/man/man1", page))),
    { ...licence, path: "usr/share/doc/btdt/copyright" },
    compressed({ ...changelog, path: "usr/share/doc/btdt/changelog" }),
    placeIn("usr/share/bash-completion/completions", completions.bash),
    placeIn("usr/share/zsh/vendor-completions", completions.zsh),
    placeIn("usr/share/fish/vendor_completions.d", completions.fish),
  ];
}

function compressed(file: ReleaseFile): ReleaseFile {
  return { ...file, path: `${file.path}.gz`, bytes: compress(file.bytes) };
}

/** https://www.debian.org/doc/debian-policy/ch-controlfields.html; static, so it depends on nothing. */
function writeControl({ version, architecture }: DebianPackage, files: readonly ReleaseFile[]): string {
  const installedKib = files.reduce((sum, { bytes }) => sum + Math.ceil(bytes.length / 1024), 0);
  return `Package: btdt
Version: ${version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${installedKib}
Section: devel
Priority: optional
Description: cache directories between CI runs
 btdt caches directories between runs of a pipeline, each under a key, and
 restores them by linking where that is safe. There is no server: the cache is
 a directory that any number of processes can use at the same time.
`;
}

function writeDigests(files: readonly ReleaseFile[]): string {
  return files
    .map(({ path, bytes }) => `${createHash("md5").update(bytes).digest("hex")}  ${path}\n`)
    .sort()
    .join("");
}
