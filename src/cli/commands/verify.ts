import { bytesFromText, escapeControls } from "../../base/byte-string.ts";
import { BtdtError } from "../../base/errors.ts";
import { formatSize } from "../../base/size.ts";
import {
  type DamageOutcome,
  type RepairRequest,
  type VerifyResult,
  verifyAndRepair,
} from "../../upkeep/verify-and-repair.ts";
import type { CommandContext } from "../command-context.ts";
import { formatCount } from "../describe.ts";
import { ExitCode } from "../exit-codes.ts";
import { type OpenedCache, openAddressedCache, rejectBucket } from "../open-addressed-cache.ts";
import { defineAnonymousOption, defineCaFileOption } from "../options/bucket-options.ts";
import { defineCacheOption } from "../options/cache-options.ts";
import { defineReadOnlyOption } from "../options/read-only-option.ts";
import { Command } from "../parser/command.ts";
import { MISS_MARKER } from "../report-miss.ts";

const VERBS: Readonly<Record<DamageOutcome, string>> = {
  found: "Damaged",
  repaired: "Repaired",
  removed: "Removed",
};

export function defineVerifyCommand(context: CommandContext) {
  const { output } = context;
  return new Command("verify")
    .summary("check cached contents for damage")
    .description(
      "Read everything that is cached under the given KEYs, or the whole cache, and compare it with its checksums. With --repair, " +
        "replace what is damaged with good copies from elsewhere in the cache or from --from, and remove entries that cannot be repaired. " +
        "Safe to run alongside stores, restores and cleans. Exit status: 0 if nothing is damaged or everything was repaired, else 1; " +
        "4 if a KEY is not found.",
    )
    .addOption(defineCacheOption())
    .addOption(defineReadOnlyOption())
    .addOption(defineCaFileOption())
    .addOption(defineAnonymousOption())
    .option("--repair", "repair what is damaged", false)
    .option("--from <dir>", "with --repair, take good copies from this stored directory, too")
    .argument("[key...]", "keys to verify (default: the whole cache)")
    .addHelpText("after", "\nExample:\n  btdt verify --cache /cache --repair")
    .action(async (keys, { repair, from, ...where }) => {
      if (from !== undefined && !repair) {
        throw new BtdtError("USAGE", "--from requires --repair");
      }
      if (repair && where.readOnly) {
        throw new BtdtError("USAGE", "verify --repair writes to the cache, which --read-only forbids");
      }
      if (repair) rejectBucket(where.cache, "verify --repair");
      const cache = await openAddressedCache(where, context);
      const result = await verify(cache, {
        keys,
        repair,
        from: from === undefined ? undefined : bytesFromText(from),
      });
      report(result);
      output.printDocument({ ...result });
    });

  async function verify(cache: OpenedCache, request: Omit<RepairRequest, "cache">): Promise<VerifyResult> {
    switch (cache.kind) {
      case "directory":
        return await verifyAndRepair({ ...request, cache: cache.directory }, context.runtime);
      case "bucket":
        return await cache.bucket.verify(request.keys);
    }
  }

  function report({ checked, damage, unreadable, missingKeys }: VerifyResult): void {
    for (const { keys, path, reason, outcome } of damage) {
      const parts = [keys.map(escapeControls).join(", "), path ?? "", reason].filter((part) => part !== "");
      output.printResult(`${VERBS[outcome]} ${parts.join(": ")}`);
    }
    for (const sentence of unreadable) output.warn(sentence);
    const blocks = checked.blockCount === 0 ? "" : `, ${formatCount(checked.blockCount, "block")} of packs`;
    const what = `${formatCount(checked.keyCount, "key")}, ${formatCount(checked.objectCount, "object")}${blocks}`;
    output.printResult(`Verified ${what} (${formatSize(checked.contentBytes)})`);
    const isSound = unreadable.length === 0 && damage.every(({ outcome }) => outcome === "repaired");
    if (missingKeys.length > 0) {
      output.printMarker(MISS_MARKER);
      output.note(`not found: ${missingKeys.map(escapeControls).join(", ")}`);
      context.setExitCode(ExitCode.MISS);
    }
    if (!isSound) context.setExitCode(ExitCode.ERROR);
  }
}
