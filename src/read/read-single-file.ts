import type { ByteString } from "../base/byte-string.ts";
import { emptyStatus } from "../fs/native/file-status.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Runners } from "../work/job.ts";
import type { AttributedFiles } from "./attributed-files.ts";
import { type Digester, hashOnly } from "./digester.ts";
import { allocateManifest, fillDirectories, fillFiles, type ListedDirectory } from "./fill-manifest.ts";
import { describeLargeFile } from "./large-file.ts";
import { joinNames } from "./name-list.ts";
import { throwFailures } from "./source-failure.ts";

const NO_NAME = "" as ByteString;
const ITS_NAMES = joinNames([NO_NAME]);

/** The manifest of a single file. @throws BtdtError SOURCE_CHANGED, SOURCE_UNREADABLE */
export async function readSingleFile(
  path: ByteString,
  runners: Runners,
  digester: Digester = hashOnly,
  attributed?: AttributedFiles,
): Promise<Manifest> {
  const columns = await digester.digestBatch(runners.inline, {
    root: path,
    groups: [{ directory: NO_NAME, names: ITS_NAMES }],
    wantsAttributed: attributed !== undefined,
  });
  throwFailures(columns.failures.map(({ code, message }) => ({ path: NO_NAME, code, message })));
  attributed?.add(0, columns.attributed);
  const largeDigests = new Map<number, Uint8Array>();
  for (const position of columns.large) {
    const file = describeLargeFile(path, columns, position);
    largeDigests.set(position, await digester.digestLargeFile(runners.pool, file));
  }
  const placeholder: ListedDirectory = {
    parent: 0,
    name: NO_NAME,
    path: NO_NAME,
    status: emptyStatus(),
    files: ITS_NAMES,
    symlinks: [],
  };
  const manifest = allocateManifest([placeholder], 1, true);
  fillDirectories(manifest, [placeholder]);
  fillFiles(manifest, { firstFile: 0, columns, largeDigests });
  return manifest;
}
