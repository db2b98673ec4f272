import { appendFileSync, cpSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** All of its files change, as with a new version. */
const DEPENDENCY = "lodash";

/**
 * Stores a tree, and again after a dependency has changed.
 * @param run makes the words that run btdt
 * @param copy where the tree is copied to
 * @returns what each store has uploaded, in bytes
 */
export function changeDependency(
  run: (...words: string[]) => string[],
  copy: string,
  tree: string,
  cache: string,
): { readonly firstBytes: number; readonly secondBytes: number } {
  cpSync(tree, copy, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  const store = (key: string): number => {
    const words = run("store", "--json", "--cache", cache, `--keys=${key}`, copy);
    const { exitCode, stdout, stderr } = Bun.spawnSync(words, { stdio: ["ignore", "pipe", "pipe"] });
    if (exitCode !== 0) throw new Error(`${words.join(" ")} failed: ${stderr.toString()}`);
    return JSON.parse(stdout.toString()).newBytes;
  };
  const firstBytes = store("tree-1");
  for (const name of readdirSync(join(copy, DEPENDENCY), { recursive: true }).map(String)) {
    const path = join(copy, DEPENDENCY, name);
    if (statSync(path).isFile()) appendFileSync(path, "\n");
  }
  return { firstBytes, secondBytes: store("tree-2") };
}
