import { escapeControls } from "../../base/byte-string.ts";
import { formatTime } from "../../base/iso-time.ts";
import { compareEntries } from "../../entry/compare-entries.ts";
import {
  filesOfEntry,
  type InspectedEntry,
  type InspectedFile,
  inspectEntry,
} from "../../entry/inspect-entry.ts";
import { countsOf } from "../../key/key-record.ts";
import type { CommandContext } from "../command-context.ts";
import { describeTrees } from "../describe.ts";
import { ExitCode } from "../exit-codes.ts";
import { type OpenedCache, openAddressedCache } from "../open-addressed-cache.ts";
import { defineAnonymousOption, defineCaFileOption } from "../options/bucket-options.ts";
import { defineCacheOption } from "../options/cache-options.ts";
import { defineReadOnlyOption } from "../options/read-only-option.ts";
import { Command } from "../parser/command.ts";
import { MISS_MARKER } from "../report-miss.ts";
import { formatTable } from "../table.ts";

const MARKS = { added: "+", removed: "-", changed: "~" } as const;
const TYPE_LETTERS = { file: "-", directory: "d", symlink: "l" } as const;

export function defineInspectCommand(context: CommandContext) {
  const { output } = context;
  return new Command("inspect")
    .summary("list the files of an entry")
    .description(
      "List the files of KEY's entry: type and permissions, size in bytes, modification time (UTC) and path. With --diff, show how OTHER " +
        "differs from KEY: + added, - removed, ~ changed (content, mode or type). Exit status 4 if there is no such key.",
    )
    .addOption(defineCacheOption())
    .addOption(defineReadOnlyOption())
    .addOption(defineCaFileOption())
    .addOption(defineAnonymousOption())
    .option("--diff <other>", "key to compare with")
    .argument("<key>", "key to inspect")
    .addHelpText("after", "\nExample:\n  btdt inspect --cache /cache node-modules-1 --diff node-modules-2")
    .action(async (key, options) => {
      const cache = await openAddressedCache(options, context);
      const entry = await inspect(cache, key);
      const other = options.diff === undefined ? undefined : await inspect(cache, options.diff);
      if (entry === undefined || (options.diff !== undefined && other === undefined)) {
        output.printMarker(MISS_MARKER);
        output.printDocument({ outcome: "miss" });
        context.setExitCode(ExitCode.MISS);
      } else if (other === undefined) {
        printFiles(entry);
      } else {
        const differences = compareEntries(entry, other);
        for (const { change, path } of differences)
          output.printResult(`${MARKS[change]} ${escapeControls(path)}`);
        if (differences.length === 0) output.note("no differences");
        output.printDocument({ key: entry.record.key, other: other.record.key, differences });
      }
    });

  function printFiles(entry: InspectedEntry): void {
    const { record } = entry;
    const counts = countsOf(record.trees);
    const paths = record.trees.flatMap(({ path }) => (path === undefined ? [] : [escapeControls(path)]));
    const from = paths.length === 0 ? "" : `, from ${paths.join(", ")}`;
    const by = record.signature === undefined ? "" : `, signed with key ${record.signature.key}`;
    output.note(`stored ${record.storedAt}, ${describeTrees({ ...record, ...counts })}${from}${by}`);
    const files = filesOfEntry(entry, record.trees.length > 1);
    for (const line of formatTable(files.map(rowOf), [false, true, false, false])) output.printResult(line);
    output.printDocument({
      ...record,
      ...counts,
      files: files.map(describeFile),
    });
  }
}

async function inspect(cache: OpenedCache, key: string): Promise<InspectedEntry | undefined> {
  switch (cache.kind) {
    case "directory":
      return inspectEntry(cache.directory, key);
    case "bucket":
      return await cache.bucket.inspect(key);
  }
}

function describeFile({ mtimeMs, ...file }: InspectedFile) {
  return { ...file, mtime: formatTime(mtimeMs) };
}

function rowOf(file: InspectedFile): string[] {
  const target = file.target === undefined ? "" : ` -> ${escapeControls(file.target)}`;
  return [
    TYPE_LETTERS[file.kind] + permissions(file.mode ?? 0o777),
    String(file.sizeBytes ?? 0),
    formatTime(file.mtimeMs)
      .replace("T", " ")
      .replace(/\.\d+Z$/, ""),
    escapeControls(file.path) + target,
  ];
}

/** `rwxr-xr-x`; set-id and sticky bits as `ls` shows them. */
function permissions(mode: number): string {
  const letters = Array.from("rwxrwxrwx", (letter, index) => ((mode >> (8 - index)) & 1 ? letter : "-"));
  for (const [bit, position, letter] of [
    [0o4000, 2, "s"],
    [0o2000, 5, "s"],
    [0o1000, 8, "t"],
  ] as const) {
    if (mode & bit) letters[position] = letters[position] === "x" ? letter : letter.toUpperCase();
  }
  return letters.join("");
}
