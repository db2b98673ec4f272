import { type ByteString, joinBytes } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Digester } from "../read/digester.ts";
import { describeLargeFile } from "../read/large-file.ts";
import { joinNames } from "../read/name-list.ts";
import { throwFailures } from "../read/source-failure.ts";
import type { Runtime } from "../work/runtime.ts";

/** Reads some of a manifest's files again, for a digester that stores them. @throws BtdtError; a `node:fs` error */
export async function readAgain(
  digester: Digester,
  source: ByteString,
  manifest: Manifest,
  files: readonly number[],
  { runners }: Runtime,
): Promise<void> {
  for (let start = 0, end = 0; start < files.length; start = end) {
    const paths = files.slice(start, start + digester.batchFiles).map((file) => manifest.filePath(file));
    const groups = paths.map((path) => {
      const slash = path.lastIndexOf("/");
      const directory = path.slice(0, Math.max(0, slash)) as ByteString;
      return { directory, names: joinNames([path.slice(slash + 1) as ByteString]) };
    });
    const read = await digester.digestBatch(runners.inline, { root: source, groups });
    if (read.sizes.length === 0) throw new BtdtError("CANCELLED", "stopped before anything was stored");
    throwFailures(
      read.failures.map(({ position, code, message }) => {
        return { path: paths[position] ?? ("" as ByteString), code, message };
      }),
    );
    end = start + read.sizes.length;
    for (const position of read.large) {
      const path = paths[position] ?? ("" as ByteString);
      const file = describeLargeFile(path === "" ? source : joinBytes(source, path), read, position);
      await digester.digestLargeFile(runners.pool, file);
    }
  }
}
