import { BuildError } from "./build-error.ts";
import { type Dynamic, readDynamic } from "./dynamic.ts";
import { type Elf, type Processor, readElf } from "./elf.ts";
import type { NamedBytes } from "./elf-file.ts";
import { EMBEDDED_LIBRARIES, type EmbeddedLibrary } from "./launcher.ts";

/** The files of one glibc: the dynamic loader and the libraries that Bun's runtime needs. */
export type Libc = {
  readonly loader: NamedBytes;
  readonly libraries: Readonly<Record<EmbeddedLibrary, NamedBytes>>;
};

export type LoadedLibc = {
  readonly loader: Elf;
  readonly loaderName: string;
  readonly libraries: Readonly<Record<EmbeddedLibrary, Elf>>;
  readonly definedVersions: Readonly<Record<EmbeddedLibrary, ReadonlySet<string>>>;
};

/** Since glibc 2.34 these are empty: their code is in libc. */
const mergedIntoLibc: ReadonlySet<string> = new Set(["libpthread.so.0", "libdl.so.2", "librt.so.1"]);

/** The embedded library that stands in for a needed one, if any. */
export function substitute(name: string): EmbeddedLibrary | undefined {
  return mergedIntoLibc.has(name) ? "libc.so.6" : EMBEDDED_LIBRARIES.find((library) => library === name);
}

function unfit(path: string, sentence: string): BuildError {
  return new BuildError(
    "libc-unfit",
    path,
    sentence,
    "glibc 2.34 or newer is needed, all its files from one build",
  );
}

/** Reads a glibc's files and checks that they belong together. */
export function readLibc(libc: Libc, processor: Processor): LoadedLibc {
  const loader = readElf(libc.loader);
  const loaderDynamic = readDynamic(loader);
  const libraries = {
    "libc.so.6": readLibrary(libc.libraries["libc.so.6"], "libc.so.6", processor),
    "libm.so.6": readLibrary(libc.libraries["libm.so.6"], "libm.so.6", processor),
  };
  if (loader.type !== "shared" || loader.processor !== processor || loader.entry === 0)
    throw unfit(libc.loader.path, `not a dynamic loader for ${processor}`);

  for (const library of EMBEDDED_LIBRARIES) {
    for (const need of libraries[library].dynamic.versionNeeds) {
      const provider = substitute(need.name);
      const defined =
        provider === undefined ? loaderDynamic.definedVersions : libraries[provider].dynamic.definedVersions;
      const missing = need.versions.find((version) => !defined.has(version));
      if (missing !== undefined)
        throw unfit(libc.libraries[library].path, `needs ${missing} of ${need.name}, which does not have it`);
    }
  }
  return {
    loader,
    loaderName: loaderDynamic.soname,
    libraries: {
      "libc.so.6": libraries["libc.so.6"].elf,
      "libm.so.6": libraries["libm.so.6"].elf,
    },
    definedVersions: {
      "libc.so.6": libraries["libc.so.6"].dynamic.definedVersions,
      "libm.so.6": libraries["libm.so.6"].dynamic.definedVersions,
    },
  };
}

function readLibrary(
  input: NamedBytes,
  soname: EmbeddedLibrary,
  processor: Processor,
): { readonly elf: Elf; readonly dynamic: Dynamic } {
  const elf = readElf(input);
  const dynamic = readDynamic(elf);
  if (elf.type !== "shared" || elf.processor !== processor || dynamic.soname !== soname)
    throw unfit(input.path, `not ${soname} for ${processor}`);
  if (soname === "libc.so.6" && !dynamic.definedVersions.has("GLIBC_2.34"))
    throw unfit(input.path, "older than glibc 2.34, or not a glibc");
  return { elf, dynamic };
}
