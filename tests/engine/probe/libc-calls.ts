import { type Pointer, ptr, read as readMemory, toArrayBuffer } from "bun:ffi";
import {
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { bytesFromText } from "../../../src/base/byte-string.ts";
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, libc, linuxLibc } from "../../../src/fs/native/libc.ts";
import { PathBuffer } from "../../../src/fs/native/path-buffer.ts";

type LibcName = keyof typeof libc | keyof NonNullable<typeof linuxLibc>;

/** What a function answers when it does its work, and when it is asked for what cannot be. */
interface Answers {
  readonly done: unknown;
  readonly refused: unknown;
}

const NO_DESCRIPTOR = -1;
const GIBIBYTE = 1024 ** 3;
const PAGE_BYTES = 4096;
// Linux's <fcntl.h>, <sys/file.h>, <sys/mman.h> and <linux/stat.h>.
const F_SETLEASE = 1024;
const F_GETLEASE = 1025;
const F_RDLCK = 0;
const LOCK_EX = 2;
const PROT_READ = 1;
const MAP_SHARED = 1;
const MADV_POPULATE_READ = 22;
const NO_ADVICE = 9999;
/** How much can be read; of Linux's <asm-generic/ioctls.h>. */
const FIONREAD = 0x541b;
const STATX_BASIC_STATS = 0x7ff;

/** Calls every function that goes through FFI; arguments and answers are such that a wrong width or place shows. */
export function callLibc(parent: string): Record<LibcName, Answers> {
  if (linuxLibc === undefined) throw new Error("this probe is for Linux only");
  const { fcntl, mmap, madvise, munmap, copy_file_range, openat, read, readahead, write, statx } = linuxLibc;
  const { fallocate, futimens, fchmod, flistxattr, fstatfs, llistxattr, lseek, syncfs } = linuxLibc;
  const { chmod, ioctl, mkdir, pread, pwrite, readlink, rename, rmdir, statfs, unlink } = linuxLibc;
  const { linkat, utimensat, flock, close } = libc;
  const { __errno_location: locateErrno } = linuxLibc;
  const errno = (): number => {
    const location = locateErrno();
    return typeof location === "number" ? readMemory.i32(location, 0) : -1;
  };

  const scratch = mkdtempSync(join(parent, "libc-"));
  const at = (name: string): string => join(scratch, name);
  const kept: object[] = [];
  const pointerTo = (name: string): Pointer => {
    const path = new PathBuffer().set(bytesFromText(at(name)));
    kept.push(path);
    return path.pointer;
  };
  const memory = (size: number): Uint8Array => new Uint8Array(new ArrayBuffer(size));
  const modeOf = (name: string): string => (statSync(at(name)).mode & 0o7777).toString(8);
  const mtimeOf = (name: string): string => String(lstatSync(at(name), { bigint: true }).mtimeNs);

  writeFileSync(at("file"), "content");
  const descriptor = openSync(at("file"), "r+");
  const large = openSync(at("large"), "w+");
  ftruncateSync(large, 5 * GIBIBYTE + PAGE_BYTES);
  writeSync(large, "beyond 32 bits", 5 * GIBIBYTE);
  const mapped = mmap(null, PAGE_BYTES, PROT_READ, MAP_SHARED, large, 5 * GIBIBYTE);
  const mappedText = mapped === null ? "" : Buffer.from(toArrayBuffer(mapped, 0, 14)).toString();

  const calls: Record<LibcName, () => Answers> = {
    linkat: () => ({
      done: [linkat(AT_FDCWD, pointerTo("file"), AT_FDCWD, pointerTo("link"), 0), statSync(at("file")).nlink],
      refused: linkat(AT_FDCWD, pointerTo("missing"), AT_FDCWD, pointerTo("other"), 0),
    }),
    utimensat: () => {
      const beforeEpoch = new BigInt64Array([0n, 0n, -2n, 999_999_500n]);
      return {
        done: [
          utimensat(AT_FDCWD, pointerTo("file"), ptr(beforeEpoch), AT_SYMLINK_NOFOLLOW),
          mtimeOf("file"),
        ],
        refused: utimensat(AT_FDCWD, pointerTo("missing"), ptr(beforeEpoch), AT_SYMLINK_NOFOLLOW),
      };
    },
    futimens: () => {
      const beyond32Bits = new BigInt64Array([0n, 0n, 5_000_000_000n, 7n]);
      return {
        done: [futimens(descriptor, ptr(beyond32Bits)), mtimeOf("file")],
        refused: futimens(NO_DESCRIPTOR, ptr(beyond32Bits)),
      };
    },
    flock: () => ({ done: flock(descriptor, LOCK_EX), refused: flock(NO_DESCRIPTOR, LOCK_EX) }),
    statx: () => {
      const status = new Uint32Array(new ArrayBuffer(256));
      const answer = statx(AT_FDCWD, pointerTo("large"), 0, STATX_BASIC_STATS, ptr(status));
      return {
        done: [answer, (status[11] ?? 0) * 2 ** 32 + (status[10] ?? 0)],
        refused: statx(AT_FDCWD, pointerTo("missing"), 0, STATX_BASIC_STATS, ptr(status)),
      };
    },
    fstatfs: () => {
      const status = new Uint32Array(new ArrayBuffer(256));
      const proc = openSync("/proc/self/status", "r");
      const done = [fstatfs(proc, ptr(status)), status[0]];
      closeSync(proc);
      return { done, refused: fstatfs(NO_DESCRIPTOR, ptr(status)) };
    },
    fcntl: () => {
      const readable = openSync(at("leased"), constants.O_RDONLY | constants.O_CREAT, 0o600);
      const done = [fcntl(readable, F_SETLEASE, F_RDLCK), fcntl(readable, F_GETLEASE, 0)];
      closeSync(readable);
      // It is open for writing here.
      return { done, refused: fcntl(descriptor, F_SETLEASE, F_RDLCK) };
    },
    mmap: () => ({
      done: mappedText,
      // MAP_FAILED, all bits set, must not pass for an address.
      refused: typeof mmap(null, PAGE_BYTES, PROT_READ, MAP_SHARED, NO_DESCRIPTOR, 0),
    }),
    syncfs: () => ({ done: syncfs(descriptor), refused: syncfs(NO_DESCRIPTOR) }),
    madvise: () => ({
      done: madvise(mapped, PAGE_BYTES, MADV_POPULATE_READ),
      refused: madvise(mapped, PAGE_BYTES, NO_ADVICE),
    }),
    readahead: () => ({
      done: Number(readahead(large, 5 * GIBIBYTE, PAGE_BYTES)),
      refused: Number(readahead(NO_DESCRIPTOR, 0, PAGE_BYTES)),
    }),
    munmap: () => ({ done: munmap(mapped, PAGE_BYTES), refused: munmap(mapped, 0) }),
    copy_file_range: () => {
      const from = openSync(at("file"), "r");
      const to = openSync(at("copy"), "w");
      const done = Number(copy_file_range(from, null, to, null, GIBIBYTE, 0));
      const refused = Number(copy_file_range(to, null, from, null, GIBIBYTE, 0));
      for (const each of [from, to]) closeSync(each);
      return { done: [done, readFileSync(at("copy"), "utf8")], refused };
    },
    fallocate: () => {
      const reserved = openSync(at("reserved"), "w");
      const done = fallocate(reserved, 0, 5 * GIBIBYTE, PAGE_BYTES);
      closeSync(reserved);
      return {
        done: [done, statSync(at("reserved")).size],
        refused: fallocate(NO_DESCRIPTOR, 0, 0, PAGE_BYTES),
      };
    },
    flistxattr: () => ({
      done: flistxattr(descriptor, null, 0) >= 0,
      refused: flistxattr(NO_DESCRIPTOR, null, 0),
    }),
    llistxattr: () => ({
      done: llistxattr(pointerTo("file"), null, 0) >= 0,
      refused: llistxattr(pointerTo("missing"), null, 0),
    }),
    lseek: () => ({
      // SEEK_DATA finds what is beyond the hole.
      done: Number(lseek(large, 0, 3)),
      refused: Number(lseek(NO_DESCRIPTOR, 0, 3)),
    }),
    openat: () => {
      const made = openat(AT_FDCWD, pointerTo("made"), constants.O_WRONLY | constants.O_CREAT, 0o640);
      writeSync(made, "made");
      closeSync(made);
      return {
        done: [readFileSync(at("made"), "utf8"), modeOf("made")],
        refused: openat(AT_FDCWD, pointerTo("missing"), constants.O_RDONLY, 0),
      };
    },
    read: () => {
      const into = memory(64);
      return {
        done: [read(descriptor, ptr(into), 64), Buffer.from(into.subarray(0, 7)).toString()],
        refused: read(NO_DESCRIPTOR, ptr(into), 64),
      };
    },
    write: () => {
      const text = memory(7);
      text.set(Buffer.from("written"));
      const to = openSync(at("written"), "w");
      const done = write(to, ptr(text), 7);
      closeSync(to);
      return {
        done: [done, readFileSync(at("written"), "utf8")],
        refused: write(NO_DESCRIPTOR, ptr(text), 1),
      };
    },
    chmod: () => ({
      done: [chmod(pointerTo("file"), 0o4711), modeOf("file")],
      refused: chmod(pointerTo("missing"), 0o600),
    }),
    ioctl: () => {
      const count = new Uint32Array(new ArrayBuffer(8));
      const readable = openSync(at("file"), "r");
      const done = [ioctl(readable, FIONREAD, Number(ptr(count))), count[0]];
      closeSync(readable);
      return { done, refused: ioctl(NO_DESCRIPTOR, FIONREAD, Number(ptr(count))) };
    },
    mkdir: () => ({
      done: [mkdir(pointerTo("directory"), 0o750), modeOf("directory")],
      refused: mkdir(pointerTo("file"), 0o700),
    }),
    rename: () => {
      writeFileSync(at("before"), "renamed");
      return {
        done: [rename(pointerTo("before"), pointerTo("after")), readFileSync(at("after"), "utf8")],
        refused: rename(pointerTo("missing"), pointerTo("after")),
      };
    },
    unlink: () => {
      writeFileSync(at("unlinked"), "");
      return {
        done: [unlink(pointerTo("unlinked")), existsSync(at("unlinked"))],
        refused: unlink(pointerTo("missing")),
      };
    },
    rmdir: () => {
      mkdirSync(at("removed"));
      return {
        done: [rmdir(pointerTo("removed")), existsSync(at("removed"))],
        refused: rmdir(pointerTo("file")),
      };
    },
    readlink: () => {
      symlinkSync("target", at("symlink"));
      const into = memory(64);
      const done = readlink(pointerTo("symlink"), ptr(into), 64);
      return {
        done: [done, Buffer.from(into.subarray(0, 6)).toString()],
        refused: readlink(pointerTo("file"), ptr(into), 64),
      };
    },
    statfs: () => {
      const status = new Uint32Array(new ArrayBuffer(256));
      const proc = new PathBuffer().set(bytesFromText("/proc"));
      kept.push(proc);
      return {
        done: [statfs(proc.pointer, ptr(status)), status[0]],
        refused: statfs(pointerTo("missing"), ptr(status)),
      };
    },
    pread: () => {
      const into = memory(64);
      return {
        done: [pread(large, ptr(into), 9, 5 * GIBIBYTE + 7), Buffer.from(into.subarray(0, 7)).toString()],
        refused: pread(NO_DESCRIPTOR, ptr(into), 64, 0),
      };
    },
    pwrite: () => {
      const text = memory(3);
      text.set(Buffer.from("far"));
      const to = openSync(at("sparse"), "w");
      const done = pwrite(to, ptr(text), 3, 5 * GIBIBYTE);
      closeSync(to);
      return {
        done: [done, statSync(at("sparse")).size],
        refused: pwrite(NO_DESCRIPTOR, ptr(text), 1, 0),
      };
    },
    fchmod: () => ({
      done: [fchmod(descriptor, 0o4751), modeOf("file")],
      refused: fchmod(NO_DESCRIPTOR, 0o600),
    }),
    __errno_location: () => {
      close(NO_DESCRIPTOR);
      const done = errno();
      openat(AT_FDCWD, pointerTo("missing"), constants.O_RDONLY, 0);
      return { done, refused: errno() };
    },
    close: () => ({ done: close(openSync(at("file"), "r")), refused: close(NO_DESCRIPTOR) }),
  };
  const answers = Object.entries(calls).map(([name, call]) => [name, call()]);
  for (const each of [descriptor, large]) closeSync(each);
  return Object.fromEntries(answers) as Record<LibcName, Answers>;
}
