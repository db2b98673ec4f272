export interface TimedRun {
  readonly wallMs: number;
  /** Of all its threads, in and outside the kernel. */
  readonly cpuMs: number;
  /** The most that was in memory; never less than this process has, because each command starts as a copy of it. */
  readonly memoryBytes: number;
}

/** Runs a command to its end. @throws if it fails */
export function timeRun(command: readonly string[]): TimedRun {
  const startedNs = Bun.nanoseconds();
  const { exitCode, resourceUsage, stderr } = Bun.spawnSync([...command], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const wallMs = (Bun.nanoseconds() - startedNs) / 1e6;
  if (exitCode !== 0) throw new Error(`${command.join(" ")} failed: ${stderr.toString()}`);
  return { wallMs, cpuMs: Number(resourceUsage.cpuTime.total) / 1000, memoryBytes: resourceUsage.maxRSS };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
