import { escapeControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";

const LONGEST_KEY_BYTES = 512;

/**
 * Splits the values of `--keys` at commas; drops empty keys and duplicates.
 * @throws BtdtError USAGE
 */
export function parseKeys(options: readonly string[]): [string, ...string[]] {
  return checkKeys(options.flatMap((option) => option.split(",")));
}

/** Drops empty keys and duplicates. @throws BtdtError USAGE */
export function checkKeys(texts: readonly string[]): [string, ...string[]] {
  const keys = new Set(texts.filter((key) => key !== ""));
  for (const key of keys) assertKey(key);
  const [first, ...others] = keys;
  if (first === undefined) {
    throw new BtdtError("USAGE", "no key given: --keys is empty", {
      hint: "is a variable in it empty? for example: --keys node-modules-$(btdt hash package-lock.json)",
    });
  }
  return [first, ...others];
}

/** @throws BtdtError USAGE */
function assertKey(key: string): void {
  const sizeBytes = Buffer.byteLength(key, "utf8");
  if (sizeBytes > LONGEST_KEY_BYTES) {
    throw new BtdtError(
      "USAGE",
      `a key of ${sizeBytes} bytes is too long: ${escapeControls(key.slice(0, 40))}…`,
      {
        hint: `keys have at most ${LONGEST_KEY_BYTES} bytes; replace the long part with what btdt hash prints`,
      },
    );
  }
  // Command line bytes that are not UTF-8 become U+FFFD, so different keys would become one.
  if (key.includes("\uFFFD")) {
    throw new BtdtError("USAGE", `the key "${escapeControls(key)}" is not valid UTF-8`, {
      hint: "check the encoding of the variables in it",
    });
  }
}
