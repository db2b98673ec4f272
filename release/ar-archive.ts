import type { ReleaseFile } from "./release-file.ts";

/** Packs files into an archive in the common format of ar(5), as dpkg reads it. Names have at most 16 bytes. */
export function packArchive(files: readonly ReleaseFile[], modified: Date): Uint8Array {
  const seconds = Math.floor(modified.getTime() / 1000);
  return Buffer.concat([
    Buffer.from("!<arch>\n"),
    ...files.flatMap(({ path, mode, bytes }) => {
      const fields: readonly (readonly [string, number])[] = [
        [path, 16],
        [String(seconds), 12],
        ["0", 6],
        ["0", 6],
        [(0o100000 | mode).toString(8), 8],
        [String(bytes.length), 10],
      ];
      const header = fields.map(([text, width]) => text.padEnd(width)).join("");
      return [Buffer.from(`${header}\`\n`), bytes, Buffer.from(bytes.length % 2 === 1 ? "\n" : "")];
    }),
  ]);
}
