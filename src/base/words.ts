/** Bytes as words of 32 bits, which many digests are compared by: a view if they are aligned, otherwise a copy. */
export function viewWords(bytes: Uint8Array): Int32Array {
  const { buffer, byteOffset } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  return new Int32Array(buffer, byteOffset, bytes.length / 4);
}
