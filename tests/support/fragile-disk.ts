import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { must, run } from "./executable.ts";
import type { Condition } from "./requirements.ts";
import type { Scratch } from "./scratch.ts";

const THROTTLE = "/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device";
/** Slows down the kernel's own write-back, but not the processes in it. */
const UNTHROTTLED_GROUP = "/sys/fs/cgroup/blkio/btdt-test";
const WRITE_BACK_SETTINGS = ["dirty_expire_centisecs", "dirty_writeback_centisecs"] as const;

/** Write-back can be slowed down by control groups v1. */
export const throttling: Condition = {
  name: "the blkio control group",
  isMet: () => run(["test", "-w", THROTTLE]).exitCode === 0,
};

/**
 * A small file system that loses power: what is on its disk at that moment is what a new boot finds.
 *
 * There are two kinds of cut: `shutDown` makes XFS or ext4 drop everything that is only in memory; `copyDisk` copies
 * the disk while the kernel is still writing back file contents, which is slow after `holdBackContents`. The second
 * kind shows what the first cannot: sizes and names are on disk, contents are not. Btrfs knows only the second kind.
 */
export type FragileDiskType = "ext4" | "xfs" | "btrfs";

export class FragileDisk {
  readonly path: string;
  readonly #scratch: Scratch;
  readonly #type: FragileDiskType;
  readonly #isSameBoot: boolean;
  #image: string;
  #device = "";
  #boot = 0;

  /** @param isSameBoot the machine does not restart: only the disk is disconnected and mounted again */
  constructor(scratch: Scratch, type: FragileDiskType, isSameBoot = false) {
    this.#scratch = scratch;
    this.#isSameBoot = isSameBoot;
    this.#type = type;
    this.path = scratch.directory("fragile");
    // In memory, so that copying it takes no time.
    const memory = scratch.directory("disks");
    must(["mount", "-t", "tmpfs", "-o", "size=1200m", "btdt-test", memory]);
    scratch.noteMount(memory);
    this.#image = join(memory, "disk-0");
    must(["truncate", "-s", type === "ext4" ? "256M" : "320M", this.#image]);
    must([`mkfs.${type}`, "-q", ...(type === "ext4" ? ["-F"] : []), this.#image]);
    this.#mount();
    must(["sync", "-f", this.path]);
  }

  /** From now on, the kernel writes file contents back at once, but slowly; the journal is fast. */
  holdBackContents(): void {
    must(["mkdir", "-p", UNTHROTTLED_GROUP]);
    for (const pid of [String(process.pid), ...this.#journalThreads()]) {
      writeFileSync(join(UNTHROTTLED_GROUP, "tasks"), pid);
    }
    for (const setting of WRITE_BACK_SETTINGS) must(["sysctl", "-q", "-w", `vm.${setting}=20`]);
    this.#throttle(512 * 1024);
  }

  /** Call it in any case. */
  letContentsGo(): void {
    if (this.#device !== "") this.#throttle(0);
    must(["sysctl", "-q", "-w", "vm.dirty_expire_centisecs=3000", "vm.dirty_writeback_centisecs=500"]);
  }

  /** The power fails and comes back: the disk is mounted as it was at that moment. */
  copyDisk(): void {
    this.#boot += 1;
    const copy = `${this.#image.slice(0, this.#image.lastIndexOf("-"))}-${this.#boot}`;
    copyFileSync(this.#image, copy);
    this.letContentsGo();
    this.#unmount();
    must(["rm", this.#image]);
    this.#image = copy;
    this.#mount();
  }

  /** The power fails and comes back: what was only in memory is lost. */
  shutDown(): void {
    this.dropMemory();
    this.restart();
  }

  /** The first half of `shutDown`: from now on, every access fails. */
  dropMemory(): void {
    must(["xfs_io", "-x", "-c", "shutdown -f", this.path]);
  }

  /** The second half: nothing may be open there. */
  restart(): void {
    this.#boot += 1;
    this.#unmount();
    this.#mount();
  }

  /** Words before a command that make it run in the boot after the last cut. */
  get inThisBoot(): readonly string[] {
    const boot = this.#isSameBoot ? 0 : this.#boot;
    const file = this.#scratch.path(`boot-${boot}`);
    writeFileSync(file, `00000000-0000-4000-8000-${String(boot).padStart(12, "0")}\n`);
    const bind = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"';
    return ["unshare", "--mount", "sh", "-c", bind, file];
  }

  #mount(): void {
    this.#device = must(["losetup", "-f", "--show", this.#image]).trim();
    // The mount before the cut may live on in the mount namespace of a process of another test.
    const options = this.#type === "xfs" ? ["-o", "nouuid"] : [];
    must(["mount", "-t", this.#type, ...options, this.#device, this.path]);
    // It stays until it is unmounted, however that happens, and then lets go of the image, which is in memory.
    must(["losetup", "-d", this.#device]);
    this.#scratch.noteMount(this.path);
  }

  #unmount(): void {
    must(["umount", this.path]);
    this.#device = "";
  }

  #throttle(bytesPerSecond: number): void {
    const number = readFileSync(`/sys/block/${basename(this.#device)}/dev`, "latin1").trim();
    writeFileSync(THROTTLE, `${number} ${bytesPerSecond}`);
  }

  #journalThreads(): string[] {
    const wanted = `jbd2/${basename(this.#device)}-`;
    return readdirSync("/proc").filter((pid) => {
      const name = run(["cat", `/proc/${pid}/comm`]).stdout;
      return /^\d+$/.test(pid) && name.startsWith(wanted);
    });
  }
}
