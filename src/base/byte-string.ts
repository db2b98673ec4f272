/**
 * File names and paths as the kernel has them: bytes, not text.
 *
 * A `ByteString` is a JavaScript string in which each character stands for one byte (Latin-1). Names that are not
 * UTF-8 survive, `<` compares bytes, and the engine stores such strings with one byte per character. Text from the
 * command line must be converted by `bytesFromText`, and text for people by `textFromBytes`.
 */
export type ByteString = string & { readonly byteString: unique symbol };

// All commands call these functions. They use no regular expressions and, for ASCII, no `Buffer.from`: the first use of
// either takes longer than everything else that they do.

function isAscii(text: string): boolean {
  return Buffer.byteLength(text, "utf8") === text.length;
}

export function bytesFromText(text: string): ByteString {
  return (isAscii(text) ? text : Buffer.from(text, "utf8").toString("latin1")) as ByteString;
}

export function bytesFromBuffer(buffer: Uint8Array, start = 0, end = buffer.length): ByteString {
  const bytes =
    buffer instanceof Buffer ? buffer : Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  return bytes.toString("latin1", start, end) as ByteString;
}

/** For messages and pattern matching; bytes that are not UTF-8 become U+FFFD. */
export function textFromBytes(bytes: ByteString): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, "latin1").toString("utf8");
}

export function isUtf8(bytes: ByteString): boolean {
  return bytesFromText(textFromBytes(bytes)) === bytes;
}

/** The form for `node:fs`: a plain string if that is equivalent, otherwise a Buffer. */
export function fsPath(bytes: ByteString): string | Buffer {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, "latin1");
}

export function joinBytes(directory: ByteString, name: ByteString): ByteString {
  if (directory === "") return name;
  return (directory.endsWith("/") ? directory + name : `${directory}/${name}`) as ByteString;
}

/** The part before the last slash: "." for a bare name, "/" for a child of the root. */
export function parentOf(path: ByteString): ByteString {
  const slash = path.lastIndexOf("/");
  if (slash < 0) return "." as ByteString;
  return (slash === 0 ? "/" : path.slice(0, slash)) as ByteString;
}

/** For display: escapes control characters, which could forge a line or move the cursor. */
export function escapeControls(text: string): string {
  if (!hasControls(text)) return text;
  // oxlint-disable-next-line no-control-regex -- control characters are the point
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\t") return "\\t";
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

/** Whether it contains a control character. */
export function hasControls(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

export function display(bytes: ByteString): string {
  return escapeControls(textFromBytes(bytes));
}
