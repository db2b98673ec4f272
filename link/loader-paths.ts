/**
 * ld.so looks at the system it runs on: it preloads what `/etc/ld.so.preload` lists, and finds libraries that a
 * program opens by name through `/etc/ld.so.cache` and the default directories. In a foreign image, these lead to
 * libraries for a different libc, such as monitoring agents that preload themselves, or the modules named in
 * `/etc/nsswitch.conf`. A static executable must not load any of them.
 */

const configurationFiles = /(?<=\0)\/etc\/ld\.so\.(?:preload|cache)(?=\0)/g;
/** Two or more in a row: that is the list of default directories, and no other text that mentions one. */
const defaultDirectories = /(?:\/(?:usr\/)?lib[\w./-]*\/\0){2,}/g;

/** A control character makes sure that no file has such a path. */
const ABSENT = "\u0001";

/** A copy of ld.so that finds none of the host's libraries. Lengths stay as they are. */
export function detachLoader(loader: Uint8Array): Uint8Array {
  const text = Buffer.from(loader).toString("latin1");
  const detached = text
    .replace(configurationFiles, (path) => `/${ABSENT}${path.slice(2)}`)
    .replace(defaultDirectories, (list) => list.replaceAll(/(?<=^|\0)\/./g, `/${ABSENT}`));
  return Buffer.from(detached, "latin1");
}
