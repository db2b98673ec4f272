/** One way of doing the measured job. */
export interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  /** Runs before each round, untimed. */
  readonly prepare?: (round: number) => void;
  /** Arguments to append in a round: a new path each time, so that nothing has to be deleted in between. */
  readonly extraWords?: (round: number) => readonly string[];
}

export interface Measurement {
  readonly name: string;
  readonly medianMs: number;
  /** The interquartile range. */
  readonly quartilesMs: { readonly lower: number; readonly upper: number };
  readonly fastestMs: number;
  readonly slowestMs: number;
  /** The least of all rounds, because load only adds to it. */
  readonly cpuMs: number;
  readonly peakMemoryBytes: number;
}

/**
 * Runs all contenders in turn, round after round, so that other load on the machine affects them equally. The first
 * round is a warm-up.
 */
export function measure(contenders: readonly Contender[], rounds: number): Measurement[] {
  const timesMs = contenders.map((): number[] => []);
  const cpuTimesMs = contenders.map(() => Number.POSITIVE_INFINITY);
  const peaks = contenders.map(() => 0);
  for (let round = 0; round <= rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      contender.prepare?.(round);
      const command = [...contender.command, ...(contender.extraWords?.(round) ?? [])];
      const startedNs = Bun.nanoseconds();
      const run = Bun.spawnSync(command, { stdio: ["ignore", "ignore", "pipe"] });
      const elapsedMs = (Bun.nanoseconds() - startedNs) / 1e6;
      if (run.exitCode !== 0) {
        // Some say something about each file.
        const [reason] = run.stderr.toString().trim().split("\n").slice(-1);
        throw new Error(`${command.join(" ")} failed: ${reason}`);
      }
      if (round === 0) continue;
      timesMs[index]?.push(elapsedMs);
      const cpuMs = Number(run.resourceUsage.cpuTime.total) / 1000;
      cpuTimesMs[index] = Math.min(cpuTimesMs[index] ?? cpuMs, cpuMs);
      peaks[index] = Math.max(peaks[index] ?? 0, run.resourceUsage.maxRSS);
    }
  }
  return contenders.map(({ name }, index) => ({
    name,
    ...describeTimes(timesMs[index] ?? []),
    cpuMs: cpuTimesMs[index] ?? Number.NaN,
    peakMemoryBytes: peaks[index] ?? 0,
  }));
}

export function describeTimes(
  timesMs: readonly number[],
): Pick<Measurement, "medianMs" | "quartilesMs" | "fastestMs" | "slowestMs"> {
  const sorted = timesMs.toSorted((left, right) => left - right);
  return {
    medianMs: quantile(sorted, 0.5),
    quartilesMs: { lower: quantile(sorted, 0.25), upper: quantile(sorted, 0.75) },
    fastestMs: sorted[0] ?? Number.NaN,
    slowestMs: sorted.at(-1) ?? Number.NaN,
  };
}

/** Between two values by linear interpolation. */
function quantile(sorted: readonly number[], fraction: number): number {
  const position = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position % 1);
}
