/**
 * A real `node_modules` to measure and test with: installed once from a pinned list, kept outside the repository, and
 * reused as long as the list does not change.
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LIST = join(import.meta.dir, "node-modules");

/**
 * Installs the tree if necessary, and returns the path of `node_modules`. Do not change it. Nothing in it is ever run.
 * @param parent a directory on the file system that the tree is to be on
 */
export function installTree(parent = tmpdir()): string {
  const lock = readFileSync(join(LIST, "package-lock.json"));
  const version = createHash("sha256").update(lock).digest("hex").slice(0, 12);
  const directory = join(parent, `btdt-node-modules-${version}`);
  const tree = join(directory, "node_modules");
  if (existsSync(tree)) return tree;

  const unfinished = `${directory}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    cpSync(LIST, unfinished, { recursive: true });
    const words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    const { exitCode, stderr } = Bun.spawnSync(words, { cwd: unfinished, stdin: "ignore", stdout: "ignore" });
    if (exitCode !== 0) throw new Error(`${words.join(" ")} ended with ${exitCode}: ${stderr.toString()}`);
    renameSync(unfinished, directory);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another process may have installed it in the meantime.
    if (!existsSync(tree)) throw error;
  }
  return tree;
}
