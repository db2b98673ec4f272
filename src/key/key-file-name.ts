/** Long enough to be readable; with the suffix, within the 255 bytes of every file system. */
const LONGEST_READABLE_NAME = 180;
const SUFFIX_HEX_DIGITS = 32;

/**
 * The key, percent-encoded except for letters, digits, `.`, `_`, `-`, `+`, `=` and `@`. A leading dot is encoded as
 * well. A key with upper-case letters, or a long one (which is truncated), is followed by `~` and 32 digits of its
 * SHA-256, so that two keys never share a name, even on a file system that ignores case.
 */
export function keyFileName(key: string): string {
  const encoded = encodeName(key);
  if (encoded.length <= LONGEST_READABLE_NAME && !hasUpperCase(key)) return encoded;
  const digest = new Bun.SHA256().update(key).digest("hex");
  return `${encoded.slice(0, LONGEST_READABLE_NAME)}~${digest.slice(0, SUFFIX_HEX_DIGITS)}`;
}

/** What the file names of all keys with a prefix begin with, and perhaps those of others. */
export function keyNamePrefix(prefix: string): string {
  return encodeName(prefix).slice(0, LONGEST_READABLE_NAME);
}

function hasUpperCase(key: string): boolean {
  for (let index = 0; index < key.length; index++) if (isUpperCase(key.charCodeAt(index))) return true;
  return false;
}

const isUpperCase = (code: number): boolean => code >= 0x41 && code <= 0x5a;

function encodeName(text: string): string {
  if (isPlainName(text)) return text;
  return [...Buffer.from(text, "utf8")]
    .map((byte, index) => {
      return isPlain(byte, index === 0)
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");
}

/** Most keys need no encoding. Not by a regular expression: the first one that is used takes longer than all of this. */
function isPlainName(text: string): boolean {
  for (let index = 0; index < text.length; index++)
    if (!isPlain(text.charCodeAt(index), index === 0)) return false;
  return text !== "";
}

function isPlain(code: number, isFirst: boolean): boolean {
  if ((code >= 0x61 && code <= 0x7a) || isUpperCase(code) || (code >= 0x30 && code <= 0x39)) return true;
  const character = String.fromCharCode(code);
  return "_+=@-".includes(character) || (character === "." && !isFirst);
}
