import { readIfPossible } from "./read-if-possible.ts";

/** Where each version of control groups is mounted, and its file with the limit. */
const VERSIONS = {
  1: { mount: "/sys/fs/cgroup/memory", file: "memory.limit_in_bytes" },
  2: { mount: "/sys/fs/cgroup", file: "memory.max" },
};

/**
 * How much memory this process may use, in bytes, as far as control groups limit it (Linux's `cgroups(7)`, either
 * version); infinite otherwise. The kernel kills a process that needs more.
 * @param readText returns undefined for a file that cannot be read
 */
export function readMemoryLimit(readText = readIfPossible): number {
  const paths = (readText("/proc/self/cgroup") ?? "").split("\n").flatMap(listLimitFiles);
  return Math.min(...paths.map((path) => parseLimit(readText(path))), Number.POSITIVE_INFINITY);
}

/** @param line such as `4:memory:/outer/inner`, or `0::/outer/inner` in version 2 */
function listLimitFiles(line: string): string[] {
  const [, controllers, group] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
  if (controllers === undefined || group === undefined) return [];
  const isSecond = controllers === "";
  if (!isSecond && !controllers.split(",").includes("memory")) return [];
  const { mount, file } = isSecond ? VERSIONS[2] : VERSIONS[1];
  // Outer groups limit inner ones. In a container, its own group is often mounted as the root, so the path is not there.
  const names = group.split("/").filter((name) => name !== "");
  return [...names.keys(), names.length].map((depth) => [mount, ...names.slice(0, depth), file].join("/"));
}

/** Without a limit, version 1 has a huge number, and version 2 the word `max`. */
function parseLimit(text: string | undefined): number {
  return /^\d+\n?$/.test(text ?? "") ? Number(text) : Number.POSITIVE_INFINITY;
}
