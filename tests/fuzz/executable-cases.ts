import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compareTrees } from "../support/compare-trees.ts";
import { must, run } from "../support/executable.ts";
import type { Random } from "../support/random.ts";
import type { ArchiveSamples } from "./archive-samples.ts";
import { type CacheFile, type CacheSample, FILE_KINDS } from "./cache-samples.ts";
import { mutateArchive } from "./mutate-archive.ts";
import { runLimited } from "./run-limited.ts";
import { spoilCache } from "./spoil-cache.ts";

/** A directory that is created for one case, and what must be the same after it. */
class Sandbox {
  readonly path: string;
  readonly cache: string;
  readonly outside: string;

  constructor(scratch: string, sample: CacheSample) {
    this.path = join(scratch, "case");
    this.cache = join(this.path, "cache");
    this.outside = join(this.path, "outside");
    // Names are odd, and directories may be inaccessible.
    run(["chmod", "-R", "u+rwX", this.path]);
    must(["rm", "-rf", this.path]);
    mkdirSync(this.outside, { recursive: true });
    must(["cp", "-a", sample.cache, this.cache]);
    writeFileSync(join(this.outside, "canary"), "alive");
  }

  /** @param made what the case may have created */
  assertNothingEscaped(made: readonly string[]): void {
    const beside = readdirSync(this.path).filter((name) => !["cache", "outside", ...made].includes(name));
    if (beside.length > 0) throw new Error(`there is ${beside.join(" ")} beside the cache`);
    const names = readdirSync(this.outside).join(" ");
    if (names !== "canary") throw new Error(`there is ${names} outside`);
    if (readFileSync(join(this.outside, "canary"), "utf8") !== "alive") throw new Error("the canary is dead");
  }
}

const COMMANDS = [
  ["restore", "to"],
  ["restore", "to", "--exact"],
  ["restore", "here"],
  ["clean"],
  ["clean", "--max-size", "1B"],
  ["list"],
  ["list", "--json"],
  ["stats"],
  ["inspect"],
  ["export"],
  ["delete"],
  ["verify"],
  ["verify", "--repair"],
  ["store"],
] as const;
type Command = (typeof COMMANDS)[number];

/** Spoils something in a cache and uses it. @throws for a fault of btdt */
export function runCacheCase(sample: CacheSample, scratch: string, random: Random): void {
  const sandbox = new Sandbox(scratch, sample);
  const keys = Object.keys(sample.trees) as [string, ...string[]];
  const spoiling = spoilCache(sandbox.cache, pickFile(sample, random), sandbox.outside, random);
  for (let count = 2 + random.below(2); count > 0; count--) {
    const key = random.pick(keys);
    const command = random.isLucky(1 / 3) ? COMMANDS[0] : random.pick(COMMANDS);
    const source = sample.trees[key] ?? "";
    const { exitCode } = runLimited(wordsOf(command, key, sandbox, source), sandbox.path);
    const isRestored = command[0] === "restore" && command[1] === "to" && exitCode === 0;
    if (isRestored && !spoiling.isBelieved) assertSame(source, join(sandbox.path, "to"), key);
  }
  // A hostile key may say where below the working directory its trees belong.
  const made = spoiling.isBelieved ? readdirSync(sandbox.path) : ["to", ...keys];
  sandbox.assertNothingEscaped(made);
}

/** All kinds are equally likely. */
function pickFile({ files }: CacheSample, random: Random): CacheFile {
  const kind = random.pick(FILE_KINDS);
  const ofKind = files.filter((file) => file.kind === kind);
  return ofKind[random.below(ofKind.length)] ?? files[0];
}

function wordsOf(
  [name, ...options]: Command,
  key: string,
  { cache, path }: Sandbox,
  source: string,
): string[] {
  const common = [name, "-c", cache];
  switch (name) {
    case "restore":
      return [
        ...common,
        "-k",
        key,
        ...options.filter((option) => option.startsWith("--")),
        ...(options[0] === "to" ? [join(path, "to")] : []),
      ];
    case "inspect":
    case "delete":
      return [...common, key];
    case "export":
      return [...common, "-k", key];
    case "store":
      return [...common, "-k", key, source];
    default:
      return [...common, ...options];
  }
}

function assertSame(source: string, restored: string, key: string): void {
  const differences = existsSync(restored) ? compareTrees(source, restored) : ["nothing was restored"];
  if (differences.length > 0)
    throw new Error(`${key} is restored wrong: ${differences.slice(0, 3).join("; ")}`);
}

/** Imports a mutated archive. @throws for a fault of btdt */
export function runImportCase(
  archives: ArchiveSamples,
  sample: CacheSample,
  scratch: string,
  random: Random,
): void {
  const sandbox = new Sandbox(scratch, sample);
  writeFileSync(join(sandbox.path, "archive"), mutateArchive(archives, random).bytes);
  const words = ["import", "-c", sandbox.cache, "-k", "imported", "archive"];
  const { exitCode } = runLimited(words, sandbox.path);
  const restore = ["restore", "-c", sandbox.cache, "-k", "imported", join(sandbox.path, "to")];
  const restored = runLimited(restore, sandbox.path);
  if ((exitCode === 0) !== (restored.exitCode === 0)) {
    throw new Error(`the import ended with ${exitCode}, the restore with ${restored.exitCode}`);
  }
  if (readdirSync(join(sandbox.cache, "btdt-v1", "sessions")).length > 0)
    throw new Error("a session is left");
  sandbox.assertNothingEscaped(["archive", "to"]);
}
