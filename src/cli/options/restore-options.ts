import { LINK_MODES } from "../../fs/link-mode.ts";
import { Option } from "../parser/option.ts";

/** Options about placing files, and about reporting what a restore found or why it failed. */

/** @param place the name of the argument whose files are deleted */
export function defineExactOption(place: string) {
  return new Option("--exact", `delete files from ${place} that are not in the entry`)
    .env("BTDT_EXACT")
    .default(false);
}

/** @param purpose begins the sentence */
export function defineLinkOption(purpose: string) {
  return new Option(
    "--link <mode>",
    `${purpose}; auto: reflink, else link what no tool writes into, else copy; hard: link all files, so that what is ` +
      "written into one in place changes in every tree and in the cache",
  )
    .env("BTDT_LINK")
    .choices(LINK_MODES)
    .default("auto" as const);
}

/** @param place the name of the argument that files are restored to */
export function defineVerifyOption(place: string) {
  return new Option(
    "--verify",
    `hash all files restored to ${place}; a mismatch is damage, and the next key is tried`,
  )
    .env("BTDT_VERIFY")
    .default(false);
}

export function defineResultFileOption() {
  return new Option("--result-file <path>", "write the outcome (hit, fallback or miss) to this file").env(
    "BTDT_RESULT_FILE",
  );
}

/** @param consequence completes "warn instead of failing" */
export function defineErrorOkOption(consequence: string) {
  return new Option(
    "--error-ok",
    `if the cache cannot be used or another error occurs, only warn, and ${consequence}; mistakes in options, arguments and keys remain errors`,
  )
    .env("BTDT_ERROR_OK")
    .default(false);
}

export function defineMatchedKeyFileOption() {
  return new Option(
    "--matched-key-file <path>",
    "write the key that was restored to this file; it is empty after a miss",
  ).env("BTDT_MATCHED_KEY_FILE");
}

export function definePrimaryKeyFileOption() {
  return new Option("--primary-key-file <path>", "write the first key, filled in, to this file").env(
    "BTDT_PRIMARY_KEY_FILE",
  );
}

export function defineSuccessOnAnyKeyOption() {
  return new Option("--success-rc-on-any-key", "exit with 0 for fallback keys, too")
    .env("BTDT_SUCCESS_RC_ON_ANY_KEY")
    .default(false);
}

export function defineMissOkOption() {
  return new Option("--miss-ok", "exit with 0 if no key is found").env("BTDT_MISS_OK").default(false);
}
