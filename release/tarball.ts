import { packTar, type TarEntry } from "modern-tar";
import type { ReleaseFile } from "./release-file.ts";

interface TarballOptions {
  readonly modified: Date;
  /** Prefixes all names: `./`, as Debian's packages have them, or a directory. */
  readonly prefix: string;
  /** Whether directories have entries of their own. */
  readonly hasDirectories: boolean;
}

/** Packs files that belong to root, sorted by name: the same files give the same bytes. */
export async function packTarball(
  files: readonly ReleaseFile[],
  { modified, prefix, hasDirectories }: TarballOptions,
): Promise<Uint8Array> {
  const common = { mtime: modified, uid: 0, gid: 0, uname: "root", gname: "root" };
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const directories = hasDirectories ? parentsOf(sorted.map(({ path }) => path)) : [];
  const entries: TarEntry[] = [
    ...directories.map(
      (path): TarEntry => ({
        header: { ...common, name: `${prefix}${path}/`, type: "directory", mode: 0o755, size: 0 },
      }),
    ),
    ...sorted.map(
      ({ path, mode, bytes }): TarEntry => ({
        header: { ...common, name: prefix + path, type: "file", mode, size: bytes.length },
        body: bytes,
      }),
    ),
  ];
  return compress(await packTar(entries));
}

/** Without a name and a time. */
export function compress(bytes: Uint8Array): Uint8Array {
  return Bun.gzipSync(Buffer.from(bytes), { library: "libdeflate", level: 9 });
}

function parentsOf(paths: readonly string[]): string[] {
  const directories = new Set<string>();
  for (const path of paths) {
    const names = path.split("/").slice(0, -1);
    for (const index of names.keys()) directories.add(names.slice(0, index + 1).join("/"));
  }
  return [...directories].sort();
}
