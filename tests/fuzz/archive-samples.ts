import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { strToU8, zipSync } from "fflate";
import { packTar } from "modern-tar";
import { encodeHeader, TypeFlag } from "../../src/archive/tar/header.ts";
import { TarWriter } from "../../src/archive/tar/tar-writer.ts";
import { ZipWriter } from "../../src/archive/zip/zip-writer.ts";
import type { ByteString } from "../../src/base/byte-string.ts";
import { heldEntry, writeEntries } from "../support/archive-entries.ts";

/** Valid archives to be mutated; small, so that a change is likely to hit something that matters. */
export interface ArchiveSamples {
  readonly tars: readonly [Buffer, ...Buffer[]];
  readonly zips: readonly [Buffer, ...Buffer[]];
}

const entries = [
  heldEntry({ path: "", kind: "directory", mode: 0o755 }),
  heldEntry({ path: "d", kind: "directory", mode: 0o750, mtimeSeconds: 5, mtimeNanoseconds: 7 }),
  heldEntry({ path: "d/f", content: "content ".repeat(90), mtimeSeconds: -3 }),
  heldEntry({ path: `d/${"n".repeat(150)}`, content: "x" }),
  heldEntry({ path: "d/s", kind: "symlink", target: "f" }),
];

export async function makeArchiveSamples(): Promise<ArchiveSamples> {
  const hardLink = heldEntry({ path: "h", kind: "hardlink", target: "d/f" });
  const odd = heldEntry({ path: `caf\xe9${"\xff".repeat(120)}`, mtimeSeconds: 2 ** 34 });
  const modern = await packTar([
    { header: { name: "global", size: 3, type: "file", pax: { comment: "c", mtime: "1.5" } }, body: "abc" },
    { header: { name: "a/b/", size: 0, type: "directory" } },
  ]);
  return {
    tars: [
      await writeEntries((sink) => new TarWriter(sink), [...entries, hardLink, odd]),
      Buffer.from(modern),
      gnuTar(),
    ],
    zips: [
      await writeEntries((sink) => new ZipWriter(sink), entries),
      Buffer.from(zipSync({ a: strToU8("stored"), "b/c": strToU8("deflated ".repeat(60)) }, { level: 6 })),
      Buffer.from(zipSync({ "\u00fc": strToU8("stored") }, { level: 0 })),
    ],
  };
}

/** GNU tar's long names and links, and its binary numbers. */
function gnuTar(): Buffer {
  const block = (type: string, sizeBytes: number, name = "x"): Buffer =>
    Buffer.from(
      encodeHeader({
        name: name as ByteString,
        prefix: "" as ByteString,
        mode: 0o644,
        sizeBytes,
        mtimeSeconds: 9,
        type,
        linkName: "t" as ByteString,
      }),
    );
  const text = Buffer.alloc(512, "long/");
  text[200] = 0;
  return Buffer.concat([
    block(TypeFlag.GNU_LONG_NAME, 201),
    text,
    block(TypeFlag.GNU_LONG_LINK, 201),
    text,
    block(TypeFlag.SYMLINK, 0),
    block(TypeFlag.GNU_VOLUME, 0, "label"),
    block(TypeFlag.FILE, 0, "last"),
    Buffer.alloc(1024),
  ]);
}

export function compressTar(tar: Uint8Array, format: "tar.gz" | "tar.zst"): Buffer {
  return format === "tar.gz"
    ? gzipSync(tar, { level: 1 })
    : zstdCompressSync(tar, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
}
