import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** What a path in a place belongs to, for the command under test. */
export type Area = "cache" | "source" | "destination";

/** Where a scenario is played: a cache, trees to store and room for destinations, all on one file system. */
export class Place {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get cache(): string {
    return join(this.path, "cache");
  }

  tree(name: string): string {
    return join(this.path, "trees", name);
  }

  /** Where commands restore to. */
  get destination(): string {
    return join(this.path, "destinations", "out");
  }

  get destinations(): string {
    return join(this.path, "destinations");
  }

  /** Undefined for a path elsewhere. */
  areaOf(line: string): Area | undefined {
    if (line.includes(`${this.path}/cache`)) return "cache";
    if (line.includes(`${this.path}/trees`)) return "source";
    return line.includes(`${this.path}/destinations`) ? "destination" : undefined;
  }

  static make(path: string): Place {
    const place = new Place(path);
    for (const part of ["cache", "trees", "destinations"]) mkdirSync(join(path, part), { recursive: true });
    return place;
  }

  /** Including hard links, modes and times. */
  async copyTo(path: string): Promise<Place> {
    const exitCode = await Bun.spawn(["cp", "-a", this.path, path]).exited;
    if (exitCode !== 0) throw new Error(`cannot copy ${this.path} to ${path}`);
    return new Place(path);
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}
