import { Command } from "@commander-js/extra-typings";
import { escapeControls } from "../../base/byte-string.ts";
import { formatDuration } from "../../base/duration.ts";
import { formatTime } from "../../base/iso-time.ts";
import { formatSize } from "../../base/size.ts";
import { openCache } from "../../cache/open-cache.ts";
import { type ListedKey, listEntries } from "../../entry/list-entries.ts";
import { countsOf } from "../../key/key-file.ts";
import type { CommandContext } from "../command-context.ts";
import { defineCacheOption } from "../options/cache-options.ts";
import { formatTable } from "../table.ts";

const HEADING = ["KEY", "SIZE", "FREES", "FILES", "STORED", "USED"];
const ARE_NUMBERS = [false, true, true, true, true, true];

export function defineListCommand(context: CommandContext) {
  return new Command("list")
    .summary("list the keys in the cache")
    .description(
      "List keys, most recently used first, with the size of their entry, what deleting it would free (along with all keys that share " +
        "it), its number of files, and how long ago it was stored and last used (-: no use was noted).",
    )
    .addOption(defineCacheOption())
    .option("--prefix <prefix>", "list only keys with this prefix", "")
    .addHelpText("after", "\nExample:\n  btdt list --cache /cache --prefix node-modules-")
    .action(async ({ cache, prefix }) => {
      const nowMs = context.runtime.nowMs();
      const keys = await listEntries(openCache(cache, false), prefix, context.runtime);
      const rows = keys.map((key) => [
        escapeControls(key.key) + (key.damage === undefined ? "" : " (damaged)"),
        formatSize(key.sizeBytes),
        formatSize(key.freedBytes),
        String(countsOf(key.trees).fileCount),
        formatDuration(nowMs - Date.parse(key.storedAt)),
        isUsed(key) ? formatDuration(nowMs - key.lastUsedMs) : "-",
      ]);
      if (keys.length === 0) context.output.note("no keys");
      else for (const line of formatTable([HEADING, ...rows], ARE_NUMBERS)) context.output.printResult(line);
      context.output.printDocument({
        entries: keys.map(describeKey),
      });
    });
}

/** Only uses by those who may write to the cache are noted. */
function isUsed({ storedAt, lastUsedMs }: ListedKey): boolean {
  return lastUsedMs > Date.parse(storedAt);
}

function describeKey(listed: ListedKey) {
  const { key, trees, sizeBytes, freedBytes, storedAt, damage } = listed;
  const lastUsedAt = formatTime(listed.lastUsedMs);
  return { key, trees, ...countsOf(trees), sizeBytes, freedBytes, storedAt, lastUsedAt, damage };
}
