const BANNER = "GNU C Library (";

/** `2.36-9+deb12u14`, from the sentence that every glibc contains; undefined if there is none in the executable. */
export function findGlibcVersion(executable: Uint8Array): string | undefined {
  const bytes = Buffer.from(executable.buffer, executable.byteOffset, executable.byteLength);
  const start = bytes.indexOf(BANNER);
  if (start === -1) return undefined;
  const banner = bytes.toString("latin1", start + BANNER.length, start + 120);
  return /^\S+ \w+ ([^)]+)\)/.exec(banner)?.[1] ?? /release version ([\d.]+\d)/.exec(banner)?.[1];
}
