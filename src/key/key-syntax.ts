import { escapeControls, hasControls } from "../base/byte-string.ts";
import { BtdtError } from "../base/errors.ts";

const LONGEST_KEY_BYTES = 512;

/** What a tool should have replaced before btdt saw the key, and why it probably did not. */
const LEFTOVERS: readonly (readonly [text: string, hint: string])[] = [
  ["$(", "is the Tekton parameter or result declared? in a shell, $( ) needs double quotes, not single ones"],
  ["${{", "an expression that the CI system should have replaced; in btdt's templates, write {{ env.NAME }}"],
  ["hashFiles(", 'a template needs braces: {{ hashFiles("package-lock.json") }}'],
];

/** Drops empty keys and duplicates. @throws BtdtError USAGE */
export function checkKeys(texts: readonly string[]): [string, ...string[]] {
  const [first, ...others] = checkPrefixes(texts);
  if (first === undefined) {
    throw new BtdtError("USAGE", "no key given: --keys is empty", {
      hint: "is a variable in it empty? for example: --keys node-modules-$(btdt hash package-lock.json)",
    });
  }
  return [first, ...others];
}

/** The same for prefixes of keys; there may be none. @throws BtdtError USAGE */
export function checkPrefixes(texts: readonly string[]): string[] {
  const keys = new Set(texts.filter((key) => key !== ""));
  for (const key of keys) assertKey(key);
  return [...keys];
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
  if (hasControls(key)) {
    throw new BtdtError("USAGE", `the key "${escapeControls(key)}" contains a control character`, {
      hint: "does a variable in it end with a line break?",
    });
  }
  for (const [text, hint] of LEFTOVERS) {
    if (key.includes(text))
      throw new BtdtError("USAGE", `the key "${key}" contains ${text}, which nothing replaced`, { hint });
  }
}
