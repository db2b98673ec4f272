/**
 * `npm run demo`: stores this project's own `node_modules`, restores it twice and shows what happens, using the
 * executable that was just built.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const btdt = join(root, "dist", "btdt");
const source = join(root, "node_modules");
// Inside the project, so that files can be linked.
const work = mkdtempSync(join(root, "dist", "demo-"));
const cache = join(work, "cache");
// Below directories of the same name, because names decide what is linked.
const first = join(work, "first", "node_modules");
const second = join(work, "second", "node_modules");
for (const directory of [cache, join(work, "first"), join(work, "second")]) mkdirSync(directory);

try {
  const key = `demo-${run("hash", "package-lock.json").trim()}`;
  run("restore", "--cache", cache, "--keys", key, first);
  run("store", "--cache", cache, "--keys", key, source);
  run("restore", "--cache", cache, "--keys", key, second);
  const example = join("typescript", "package.json");
  const links = statSync(join(second, example)).nlink;
  say(
    `\n${example} is one file with ${links} names: in node_modules, in the cache and in the restored tree.`,
  );
  const difference = Bun.spawnSync(["diff", "-r", "--no-dereference", source, second]);
  if (difference.exitCode !== 0)
    throw new Error(`the restored tree differs:\n${difference.stdout.toString()}`);
  say("diff -r finds no differences between node_modules and the restored tree.\n");
  run("clean", "--cache", cache, "--max-size", "0");
} finally {
  rmSync(work, { recursive: true, force: true });
}

function run(...words: string[]): string {
  const shown = words.map((word) => word.replace(`${work}/`, "").replace(`${root}/`, ""));
  say(`$ btdt ${shown.join(" ")}`);
  const result = Bun.spawnSync([btdt, ...words], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  writeSync(1, result.stdout);
  say(`  exit status ${result.exitCode}`);
  return result.stdout.toString();
}

function say(line: string): void {
  writeSync(1, `${line}\n`);
}
