import { BtdtError } from "../../base/errors.ts";
import { Option } from "../parser/option.ts";

/** Commands that have to write to the cache, except in dry runs. */
export const WRITE_TO_CACHES: ReadonlySet<string> = new Set([
  "store",
  "import",
  "clean",
  "delete",
  "pin",
  "unpin",
  "doctor",
]);

export function defineReadOnlyOption() {
  return new Option(
    "--read-only",
    "never write to the cache: note no use, count no restore and repair nothing",
  )
    .env("BTDT_READ_ONLY")
    .default(false);
}

/** For commands that write: not in their help, but they must not ignore it. */
export function defineRefusedReadOnlyOption() {
  return defineReadOnlyOption().hideHelp();
}

/** @throws BtdtError USAGE */
export function refuseReadOnly(command: string, options: Readonly<Record<string, unknown>>): void {
  if (!WRITE_TO_CACHES.has(command) || options["readOnly"] !== true || options["dryRun"] === true) return;
  throw new BtdtError("USAGE", `${command} writes to the cache, which --read-only forbids`, {
    hint: "leave --read-only out, and unset BTDT_READ_ONLY",
  });
}
