/** Appends blocks to a pack on request, and replies with their offsets. */
import { appendToPack, type PackFile } from "../../../src/packs/write/pack-file.ts";

declare const self: Worker;

self.onmessage = ({
  data,
}: MessageEvent<{ readonly file: PackFile; readonly blocks: readonly Uint8Array[] }>) => {
  self.postMessage(data.blocks.map((block) => appendToPack(data.file, block)));
};
