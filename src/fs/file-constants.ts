import { IS_LINUX } from "./native/is-linux.ts";

/** On Linux, these two have other numbers on each kind of processor. */
const LINUX_BY_PROCESSOR =
  // oxlint-disable-next-line no-restricted-globals -- a constant, like what follows from it
  process.arch === "arm64"
    ? { O_DIRECTORY: 0o40000, O_NOFOLLOW: 0o100000 }
    : { O_DIRECTORY: 0o200000, O_NOFOLLOW: 0o400000 };

/** Linux: opens a file without accessing it, so that no right to it is needed. `node:fs` does not have it. */
export const O_PATH = 0o10000000;

/** Linux: closes the file in programs that are started. What `node:fs` opens has it. */
export const O_CLOEXEC = 0o2000000;

/** The same as in `node:fs`, without loading it. */
export const constants = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  S_IFMT: 0o170000,
  S_IFREG: 0o100000,
  S_IFDIR: 0o040000,
  S_IFLNK: 0o120000,
  R_OK: 4,
  W_OK: 2,
  COPYFILE_EXCL: 1,
  COPYFILE_FICLONE_FORCE: 4,
  ...(IS_LINUX
    ? { O_CREAT: 0o100, O_EXCL: 0o200, O_APPEND: 0o2000, O_NONBLOCK: 0o4000, ...LINUX_BY_PROCESSOR }
    : {
        O_CREAT: 0x200,
        O_EXCL: 0x800,
        O_APPEND: 0x8,
        O_NONBLOCK: 0x4,
        O_DIRECTORY: 0x10_0000,
        O_NOFOLLOW: 0x100,
      }),
} as const;
