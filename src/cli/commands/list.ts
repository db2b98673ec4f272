import { escapeControls } from "../../base/byte-string.ts";
import { parseCount } from "../../base/count.ts";
import { formatDuration, parseDurationMs } from "../../base/duration.ts";
import { BtdtError } from "../../base/errors.ts";
import { formatNumber } from "../../base/format-number.ts";
import { formatTime } from "../../base/iso-time.ts";
import { formatSize } from "../../base/size.ts";
import { readFileSystemClock } from "../../cache/read-file-system-clock.ts";
import { type ListedKey, listEntries, listWithoutSizes } from "../../entry/list-entries.ts";
import { KEY_ORDERS, selectKeys } from "../../entry/select-keys.ts";
import { countSkipped, countsOf } from "../../key/key-record.ts";
import type { Runtime } from "../../work/runtime.ts";
import type { CommandContext } from "../command-context.ts";
import { type OpenedCache, openAddressedCache } from "../open-addressed-cache.ts";
import { defineAnonymousOption, defineCaFileOption } from "../options/bucket-options.ts";
import { defineCacheOption } from "../options/cache-options.ts";
import { parseArgument } from "../options/parse-argument.ts";
import { defineReadOnlyOption } from "../options/read-only-option.ts";
import { Command } from "../parser/command.ts";
import { Option } from "../parser/option.ts";
import { formatTable } from "../table.ts";

const MEASURED_HEADING = ["DISK", "FREES"];

export function defineListCommand(context: CommandContext) {
  return new Command("list")
    .summary("list the keys in the cache")
    .description(
      "List keys with the total size and the number of their files, and how long ago they were stored and last used " +
        "(-: no use was noted). With --sizes, also what the entry takes on disk, and what deleting it would free " +
        "(along with all keys that share it).",
    )
    .addOption(defineCacheOption())
    .addOption(defineReadOnlyOption())
    .option("--prefix <prefix>", "list only keys with this prefix", "")
    .addOption(
      new Option(
        "--older-than <duration>",
        "list only keys not used for this long, e.g. 7d, 48h, 1d 12h",
      ).argParser((text: string) => parseArgument(text, parseDurationMs)),
    )
    .option("--damaged", "list only keys that can no longer be restored", false)
    .option(
      "--sizes",
      "also show DISK, FREES and damage, which means looking at every object (default with --json)",
    )
    .option("--no-sizes", "read only keys (default without --json)")
    .addOption(
      new Option(
        "--sort <order>",
        "used: most recently used first; stored: most recently stored first; size: largest first, with --sizes on " +
          "disk; key: by name",
      )
        .choices(KEY_ORDERS)
        .default("used" as const),
    )
    .addOption(
      new Option("--limit <count>", "list at most this many keys").argParser((text: string) =>
        parseArgument(text, parseCount),
      ),
    )
    .addOption(defineCaFileOption())
    .addOption(defineAnonymousOption())
    .addHelpText(
      "after",
      "\nExamples:\n  btdt list --cache /cache --prefix node-modules-\n  btdt list --cache /cache --sizes --sort size --limit 10",
    )
    .action(async ({ prefix, olderThan, damaged, sizes, sort, limit, ...where }) => {
      if (damaged && sizes === false)
        throw new BtdtError("USAGE", "--damaged cannot be used with --no-sizes");
      // Programs may rely on all fields that were there before most lists read only keys.
      const isMeasured = sizes ?? (damaged || context.output.wantsDocument());
      const cache = await openAddressedCache(where, context);
      const nowMs = readClock(cache, context.runtime);
      const listed = await listKeys(cache, { isMeasured, isExamined: damaged }, context.runtime);
      const selection = { prefix, olderThanMs: olderThan, isDamaged: damaged, order: sort, limit };
      const keys = selectKeys(listed, selection, nowMs);
      const rows = keys.map((key) => [
        escapeControls(key.key) + describeState(key),
        formatSize(countsOf(key.trees).contentBytes),
        ...(isMeasured ? describeSizes(key) : []),
        formatNumber(countsOf(key.trees).fileCount),
        formatDuration(nowMs - Date.parse(key.storedAt)),
        isUsed(key) ? formatDuration(nowMs - key.lastUsedMs) : "-",
      ]);
      if (keys.length === 0) context.output.note("no keys");
      else
        printTable([
          ["KEY", "SIZE", ...(isMeasured ? MEASURED_HEADING : []), "FILES", "STORED", "USED"],
          ...rows,
        ]);
      context.output.printDocument(() => ({ entries: keys.map(describeKey) }));
    });

  function printTable(rows: readonly (readonly string[])[]): void {
    const areNumbers = rows[0]?.map((_heading, column) => column > 0) ?? [];
    const lines = formatTable(rows, areNumbers, context.output.measureColumns());
    // At once: a call for each of ten thousand keys takes longer than to format them.
    context.output.printResult(lines.join("\n"));
  }
}

/** @param isExamined all manifests are read, also those that a clean knows from an earlier one */
async function listKeys(
  cache: OpenedCache,
  { isMeasured, isExamined }: { readonly isMeasured: boolean; readonly isExamined: boolean },
  runtime: Runtime,
): Promise<ListedKey[]> {
  switch (cache.kind) {
    case "directory":
      return await (isMeasured
        ? listEntries(cache.directory, runtime, !isExamined)
        : listWithoutSizes(cache.directory, runtime));
    case "bucket": {
      const listed = await cache.bucket.list();
      // In a bucket, they are known from the same requests.
      return isMeasured ? listed : listed.map(omitFindings);
    }
  }
}

function omitFindings(listed: ListedKey): ListedKey {
  const { findings: _, ...key } = listed;
  return key;
}

/** Times of keys are by the clock of the cache's file system; those in a bucket by the server's. */
function readClock(cache: OpenedCache, { nowMs }: Runtime): number {
  return cache.kind === "directory" ? readFileSystemClock(cache.directory, nowMs()) : nowMs();
}

function describeSizes({ findings }: ListedKey): string[] {
  return [formatSize(findings?.sizeBytes ?? 0), formatSize(findings?.freedBytes ?? 0)];
}

function describeState({ isPinned, findings, trees }: ListedKey): string {
  const pinned = isPinned ? " (pinned)" : "";
  if (findings?.damage !== undefined) return `${pinned} (damaged)`;
  return countSkipped(trees) > 0 ? `${pinned} (incomplete)` : pinned;
}

/** Only uses by those who may write to the cache are noted. */
function isUsed({ storedAt, lastUsedMs }: ListedKey): boolean {
  return lastUsedMs > Date.parse(storedAt);
}

function describeKey(listed: ListedKey) {
  const { key, trees, storedAt, isPinned, findings } = listed;
  const signedBy = listed.signature?.key;
  const lastUsedAt = formatTime(listed.lastUsedMs);
  return {
    key,
    trees,
    ...countsOf(trees),
    sizeBytes: findings?.sizeBytes,
    freedBytes: findings?.freedBytes,
    storedAt,
    lastUsedAt,
    isPinned,
    damage: findings?.damage,
    signedBy,
  };
}
