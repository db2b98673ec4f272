/**
 * A file system for the tests, ext4 on an image in memory: each store forces what it publishes to disk, and a busy
 * disk takes tens of milliseconds for that. It is mounted in a namespace of the tests.
 *
 * It is unmounted before the tests' directory is removed, since servers that they started are still in the namespace.
 * Removing the directory would take both mounts out of it together, and keep them: the image, on the first one, would be
 * in use by the second, which only goes with the first.
 */
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";

const GIBIBYTE = 1024 ** 3;
/** The room that tests need there; large trees are on the real disk (`Scratch.useDisk`). */
const LEAST_BYTES = 3 * GIBIBYTE;
const MOST_BYTES = 8 * GIBIBYTE;

const SCRIPT = `
mount -t tmpfs -o size=$2 btdt-tests "$1"
truncate -s $2 "$1/image"
mkfs.ext4 -q -F -m 0 -N 1000000 "$1/image"
mkdir "$1/disk"
mount -o loop,discard "$1/image" "$1/disk"
mkdir "$1/disk/tmp"
export BTDT_TEST_DISK=$3 TMPDIR=$1/disk/tmp
mount_point=$1
status=0
shift 3
"$@" || status=$?
umount --lazy "$mount_point/disk"
umount --lazy "$mount_point"
exit $status
`;

/** Words that run the command after them with such a file system for temporary files; empty if that is impossible. */
export function onMemoryDisk(mountPoint: string): string[] {
  const sizeBytes = Math.min(MOST_BYTES, Math.floor(availableMemoryBytes() / 2));
  if (sizeBytes < LEAST_BYTES || Bun.which("unshare") === null) return [];
  const namespace = ["unshare", "--mount", "--propagation", "private"];
  const through = [...namespace, "sh", "-ec", SCRIPT, "sh", mountPoint, String(sizeBytes), tmpdir()];
  const { exitCode } = Bun.spawnSync([...through, "true"], { stdio: ["ignore", "ignore", "ignore"] });
  return exitCode === 0 ? through : [];
}

function availableMemoryBytes(): number {
  if (process.platform !== "linux") return 0;
  const available = /^MemAvailable: +(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"));
  return Number(available?.[1] ?? 0) * 1024;
}
