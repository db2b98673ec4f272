import { expect, test } from "bun:test";
import { readMemoryLimit } from "../../src/work/memory-limit.ts";

const MEBIBYTE = 1024 ** 2;
const UNLIMITED = "9223372036854771712\n";

const limitWith = (files: Record<string, string>): number => readMemoryLimit((path) => files[path]);

test("without control groups, memory is not limited", () => {
  expect(limitWith({})).toBe(Number.POSITIVE_INFINITY);
  expect(limitWith({ "/proc/self/cgroup": "garbage\n::\n0:\n" })).toBe(Number.POSITIVE_INFINITY);
});

test("the innermost and all outer groups count, in either version", () => {
  const second = {
    "/proc/self/cgroup": "0::/job/step\n",
    "/sys/fs/cgroup/memory.max": "max\n",
    "/sys/fs/cgroup/job/memory.max": `${128 * MEBIBYTE}\n`,
    "/sys/fs/cgroup/job/step/memory.max": `${256 * MEBIBYTE}\n`,
  };
  expect(limitWith(second)).toBe(128 * MEBIBYTE);
  expect(limitWith({ ...second, "/sys/fs/cgroup/job/step/memory.max": "1000000\n" })).toBe(1_000_000);
  const first = {
    "/proc/self/cgroup": "9:name=systemd:/job\n5:cpu,memory:/job\n3:memoryless:/job\n0::/\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": UNLIMITED,
    "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": `${64 * MEBIBYTE}\n`,
  };
  expect(limitWith(first)).toBe(64 * MEBIBYTE);
});

test("a container whose own group is mounted as the root is limited by it", () => {
  for (const [line, file] of [
    ["4:memory:/docker/0123", "/sys/fs/cgroup/memory/memory.limit_in_bytes"],
    ["0::/kubepods/pod/0123", "/sys/fs/cgroup/memory.max"],
  ] as const) {
    expect(limitWith({ "/proc/self/cgroup": `${line}\n`, [file]: "134217728\n" })).toBe(128 * MEBIBYTE);
  }
});

test("what is not a number is no limit", () => {
  for (const text of ["max\n", "", "-1\n", "12 MB\n"]) {
    const limit = limitWith({ "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": text });
    expect(limit).toBe(Number.POSITIVE_INFINITY);
  }
});
