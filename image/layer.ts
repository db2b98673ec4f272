import { packTar, type TarEntry } from "modern-tar";

/** One file, directory or symbolic link of an image. All belong to root. */
export type LayerEntry =
  | { readonly kind: "file"; readonly path: string; readonly mode: number; readonly bytes: Uint8Array }
  | { readonly kind: "directory"; readonly path: string; readonly mode: number }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string };

/** A layer: the compressed tar, which is in the image, and the tar, whose digest is part of the image's identity. */
export type Layer = { readonly tar: Uint8Array; readonly compressed: Uint8Array };

/** Packs a layer; the same entries give the same bytes. */
export async function packLayer(entries: readonly LayerEntry[], modified: Date): Promise<Layer> {
  const paths = new Set<string>();
  for (const { path } of entries) {
    if (paths.has(path)) throw new Error(`a layer with ${path} twice`);
    paths.add(path);
  }
  const tar = await packTar(entries.map((entry) => toTarEntry(entry, modified)));
  // libdeflate's strongest level: 2.5 % smaller than zlib's, and readable by any gzip.
  return { tar, compressed: Bun.gzipSync(tar, { library: "libdeflate", level: 12 }) };
}

function toTarEntry(entry: LayerEntry, mtime: Date): TarEntry {
  const common = { mtime, uid: 0, gid: 0 };
  if (entry.kind === "directory")
    return { header: { ...common, name: `${entry.path}/`, type: "directory", mode: entry.mode, size: 0 } };
  if (entry.kind === "symlink")
    return {
      header: { ...common, name: entry.path, type: "symlink", mode: 0o777, size: 0, linkname: entry.target },
    };
  return {
    header: { ...common, name: entry.path, type: "file", mode: entry.mode, size: entry.bytes.length },
    body: entry.bytes,
  };
}
