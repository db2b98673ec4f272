import { escapeControls } from "../base/byte-string.ts";
import { previewStore, type SourcePreview } from "../store/preview-store.ts";
import type { StoreRequest } from "../store/request.ts";
import type { CommandContext } from "./command-context.ts";
import { describeObstacle, describePlacement, describeTrees, joinSome } from "./describe.ts";

/** `store --dry-run`: prints what would be stored, how, and why. @throws BtdtError as `previewStore` */
export async function printStorePreview(request: StoreRequest, context: CommandContext): Promise<void> {
  const { output, runtime } = context;
  const sources = await previewStore(request, runtime);
  const fileCount = sources.reduce((sum, source) => sum + source.fileCount, 0);
  const contentBytes = sources.reduce((sum, source) => sum + source.contentBytes, 0);
  const all = describeTrees({ trees: sources, fileCount, contentBytes });
  output.printResult(`Would store ${all} as ${request.keys.map(escapeControls).join(", ")}`);
  for (const source of sources) for (const line of describeSource(source)) output.printResult(line);
  output.printDocument({ keys: request.keys, fileCount, contentBytes, sources, dryRun: true });
}

function describeSource(preview: SourcePreview): string[] {
  const { source, isPacked, obstacle, excluded } = preview;
  const { linked, exclusive, copied, packed } = preview.fileCounts;
  const counts = { linked, "linked by one tree at a time": exclusive, copied, packed };
  const form = isPacked ? "packs" : "objects";
  const files = `${describeTrees({ ...preview, trees: [preview] })}, as ${form}`;
  const lines = [`${source}: ${files}: ${describePlacement(counts)}${describeObstacle(obstacle)}`];
  if (excluded.length > 0) lines.push(`${source}: excluded: ${joinSome(excluded)}`);
  return lines;
}
