import { BuildError } from "./build-error.ts";
import { type Dynamic, readDynamic } from "./dynamic.ts";
import { type Elf, fileOffsetOf, readElf } from "./elf.ts";
import type { NamedBytes } from "./elf-file.ts";
import { PROGRAM_HEADER_SIZE, SEGMENT_INTERPRETER, SEGMENT_PROGRAM_HEADERS } from "./program-headers.ts";
import { checkSegmentsAgainstSections } from "./section-check.ts";

/** An executable as `bun build --compile` makes it. */
export type Program = { readonly elf: Elf; readonly dynamic: Dynamic; readonly headersAddress: number };

/** Reads the executable and checks that it is what the link step knows how to change. */
export function readProgram(executable: NamedBytes): Program {
  const elf: Elf = readElf(executable);
  const refuse = (sentence: string): BuildError =>
    new BuildError(
      "not-a-bun-executable",
      executable.path,
      sentence,
      "give an executable that `bun build --compile` made for Linux with glibc",
    );
  if (elf.type !== "executable") throw refuse("expected an executable at a fixed address");
  if (!elf.sections.some((section) => section.name === ".bun" && section.sizeBytes > 0))
    throw refuse("expected a .bun section with the program in it");
  const [interpreter, ...others] = elf.programHeaders.filter(({ type }) => type === SEGMENT_INTERPRETER);
  if (interpreter === undefined || others.length > 0) throw refuse("expected one dynamic loader to be named");
  checkSegmentsAgainstSections(elf);
  const dynamic = readDynamic(elf);

  // ld.so goes on reading the original program headers: they know their own address.
  const self = elf.programHeaders.find(({ type }) => type === SEGMENT_PROGRAM_HEADERS);
  elf.file.require(
    self !== undefined &&
      self.fileOffset === elf.programHeadersOffset &&
      self.fileSizeBytes === elf.programHeaders.length * PROGRAM_HEADER_SIZE &&
      fileOffsetOf(elf, self.address, self.fileSizeBytes, "the program headers") === self.fileOffset,
    "program headers that describe themselves",
  );
  return { elf, dynamic, headersAddress: self.address };
}
