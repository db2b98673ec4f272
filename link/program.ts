import { BuildError } from "./build-error.ts";
import { type Dynamic, readDynamic } from "./dynamic.ts";
import { checkDynamicAgainstSections } from "./dynamic-check.ts";
import { type Elf, fileOffsetOf, type Processor, readElf } from "./elf.ts";
import type { NamedBytes } from "./elf-file.ts";
import { PROGRAM_HEADER_SIZE, SEGMENT_INTERPRETER, SEGMENT_PROGRAM_HEADERS } from "./program-headers.ts";
import { checkSegmentsAgainstSections } from "./section-check.ts";

/** An executable from `bun build --compile`. */
export type Program = { readonly elf: Elf; readonly dynamic: Dynamic; readonly headersAddress: number };

/** For each processor, the name of the dynamic loader and the first bytes of code at the entry point. */
const conventions: Readonly<Record<Processor, { interpreter: string; entryCode: RegExp }>> = {
  "x86-64": { interpreter: "/lib64/ld-linux-x86-64.so.2", entryCode: /^(?:f30f1efa)?31ed4989d1/ },
  aarch64: {
    interpreter: "/lib/ld-linux-aarch64.so.1",
    entryCode: /^(?:5f2403d5|1f2003d5)?1d0080d21e0080d2/,
  },
};

/** Reads the executable and checks that the link step knows how to change it. */
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
  const { interpreter, entryCode } = conventions[elf.processor];
  const named = elf.programHeaders.filter(({ type }) => type === SEGMENT_INTERPRETER);
  const [loader] = named;
  if (
    loader === undefined ||
    named.length > 1 ||
    elf.file.text(loader.fileOffset, loader.fileOffset + loader.fileSizeBytes, "the loader's name") !==
      interpreter
  )
    throw refuse(`expected ${interpreter} to be named as the loader`);

  checkSegmentsAgainstSections(elf);
  const dynamic = readDynamic(elf);
  checkDynamicAgainstSections(elf, dynamic);
  const entryOffset = fileOffsetOf(elf, elf.entry, 16, "the code at the entry point");
  elf.file.require(
    entryCode.test(Buffer.from(elf.file.bytes.subarray(entryOffset, entryOffset + 16)).toString("hex")),
    "the C library's start code at the entry point",
  );

  // ld.so still reads the original program headers, which contain their own address.
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
