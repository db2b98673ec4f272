import { type ByteString, display } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";
import { formatNumber } from "../base/format-number.ts";
import { IgnoreRules } from "../read/ignore-rules.ts";
import type { Source } from "../store/sources.ts";
import { Breather } from "../work/breather.ts";
import type { Runtime } from "../work/runtime.ts";
import type { FoundArchive } from "./archive-source.ts";

/**
 * Unpacks an archive into a new directory, to be stored from there.
 * @param tree where the directory is made
 * @throws BtdtError if the archive is at fault, or CANCELLED; a `node:fs` error if the directory is
 */
export async function unpackArchive(
  { source, sizeBytes }: FoundArchive,
  tree: ByteString,
  runtime: Runtime,
): Promise<Source> {
  // Loaded on demand: other commands do not pay for the libraries.
  const { readArchive } = await import("./open-archive.ts");
  const { extract } = await import("./extract.ts");
  const breather = new Breather();
  const onRead = async (bytes: number): Promise<void> => {
    runtime.progress.add({ bytes });
    await breather.breathe();
    if (runtime.isCancelled()) throw new BtdtError("CANCELLED", "stopped before anything was stored");
  };
  runtime.progress.begin({
    name: "unpacking",
    unit: "bytes",
    ...(sizeBytes === undefined ? {} : { bytes: sizeBytes }),
  });
  const skipped: ByteString[] = [];
  const entries = readArchive(source, {
    isCancelled: runtime.isCancelled,
    onRead,
    onSkip: (path) => skipped.push(path),
  });
  const pathCount = await extract(entries, tree, {
    umask: runtime.umask,
    onEntry: async () => {
      runtime.progress.add({ files: 1 });
      await onRead(0);
    },
  });
  warnOfSkipped(skipped, runtime.onWarning);
  const ignoreRules = new IgnoreRules([], false);
  return { name: undefined, path: tree, ignoreRules, recordedPath: undefined, pathCount };
}

function warnOfSkipped(
  [first, ...others]: readonly ByteString[],
  onWarning: (warning: string) => void,
): void {
  if (first === undefined) return;
  const more = others.length === 0 ? "" : ` and ${formatNumber(others.length)} more`;
  onWarning(`skipped ${display(first)}${more}: neither a file, a directory nor a link`);
}
