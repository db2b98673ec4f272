import type { KeyRecord } from "../key/key-record.ts";

/** Changes whenever what is signed does. */
const PURPOSE = "btdt entry 1";

/**
 * What the signature of an entry covers: all that a record says of it but the packs, which a clean may write again. The
 * manifests' digests stand for the trees: names, modes, times and the digests of all contents.
 *
 * Each field is written as a netstring (https://cr.yp.to/proto/netstrings.txt), so that no two records have the same
 * bytes. `docs/format.md` lists the fields.
 */
export function encodeSignedBytes({ key, storedAt, trees }: KeyRecord): Uint8Array {
  const fields = [PURPOSE, key, storedAt, String(trees.length)];
  for (const { path, manifest, fileCount, contentBytes, skippedCount = 0 } of trees) {
    const hasPath = path === undefined ? "0" : "1";
    fields.push(hasPath, path ?? "", manifest, String(fileCount), String(contentBytes), String(skippedCount));
  }
  return Buffer.concat(fields.map(encodeNetstring));
}

function encodeNetstring(text: string): Uint8Array {
  const bytes = Buffer.from(text, "utf8");
  return Buffer.concat([Buffer.from(`${bytes.length}:`), bytes, Buffer.from(",")]);
}
