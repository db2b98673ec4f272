import { BuildError } from "./build-error.ts";
import type { Dynamic } from "./dynamic.ts";
import { EMBEDDED_LIBRARIES, type EmbeddedLibrary } from "./launcher.ts";
import { type LoadedLibc, substitute } from "./libc.ts";
import { type Patch, patchLong, patchWord } from "./patch.ts";

/**
 * Makes ld.so look for each embedded library where the launcher puts it. The needed library and the symbol versions
 * required from it must have the same name, or ld.so cannot match them. Names are offsets from the string table that
 * ld.so does not limit, so they can reach strings in the launcher's table.
 */
export function redirectNames(
  path: string,
  dynamic: Dynamic,
  libc: LoadedLibc,
  pathAddress: (library: EmbeddedLibrary) => number,
): Patch[] {
  const patches: Patch[] = [];
  const replacement = (name: string): { library: EmbeddedLibrary; offset: number } | undefined => {
    // It finds itself by its own name.
    if (name === libc.loaderName) return undefined;
    const library = substitute(name);
    if (library === undefined)
      throw new BuildError(
        "not-a-bun-executable",
        path,
        `needs ${name}, which is not embedded`,
        `expected no library but ${libc.loaderName}, ${EMBEDDED_LIBRARIES.join(", ")}`,
      );
    const offset = pathAddress(library) - dynamic.stringsAddress;
    // A version need has 32 bits for it.
    if (offset < 0 || offset > 0xffff_ffff)
      throw new BuildError(
        "malformed-elf",
        path,
        "expected the dynamic strings within 4 GiB of the end",
        "is the file complete and unchanged?",
      );
    return { library, offset };
  };
  for (const needed of dynamic.needed) {
    const target = replacement(needed.name);
    if (target !== undefined) patches.push(patchLong(needed.referenceOffset, target.offset));
  }
  for (const need of dynamic.versionNeeds) {
    const target = replacement(need.name);
    if (target === undefined) continue;
    const missing = need.versions.find((version) => !libc.definedVersions[target.library].has(version));
    if (missing !== undefined)
      throw new BuildError(
        "libc-unfit",
        path,
        `needs ${missing}, which this glibc does not have`,
        "choose a newer glibc",
      );
    patches.push(patchWord(need.referenceOffset, target.offset));
  }
  return patches;
}
