import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import type { Measurement } from "./measure.ts";

/** The measurements of the last full run, which the chart in the README shows. */
export const RESULTS_PATH = join(import.meta.dir, "results.json");

/** Contenders for one job; the first is btdt, which is compared with all others. */
export type Comparison =
  | { readonly kind: "times"; readonly title: string; readonly measurements: readonly Measurement[] }
  | { readonly kind: "sizes"; readonly title: string; readonly sizes: readonly Size[] };

interface Size {
  readonly name: string;
  readonly sizeBytes: number;
}

export interface BenchResults {
  /** UTC, `2026-03-09`. */
  readonly date: string;
  readonly rounds: number;
  readonly machine: Machine;
  readonly tree: { readonly name: string; readonly fileCount: number; readonly contentBytes: number };
  readonly comparisons: readonly Comparison[];
  /** Of the tools that btdt is compared with: `restic 0.14.0`. */
  readonly versions?: readonly string[];
}

export interface Machine {
  readonly processor: string;
  readonly threads: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly fileSystem: string;
}

/** @param directory where the measurements take place */
export function describeMachine(directory: string): Machine {
  const { stdout } = Bun.spawnSync(["df", "--output=fstype", directory]);
  return {
    processor: (cpus()[0]?.model ?? process.arch).replaceAll(/\((?:R|TM)\)/g, "").trim(),
    threads: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${type()} ${release().replace(/-.*/, "")}`,
    fileSystem: stdout.toString().trim().split("\n").at(-1) ?? "",
  };
}

export function writeResults(results: BenchResults, path = RESULTS_PATH): void {
  writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`);
}

/** Trusts the file, which is part of this project. */
export function readResults(path = RESULTS_PATH): BenchResults {
  return JSON.parse(readFileSync(path, "utf8")) as BenchResults;
}
