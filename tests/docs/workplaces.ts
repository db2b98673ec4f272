import { chmodSync, copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BTDT, must, run } from "../support/executable.ts";

const root = join(import.meta.dir, "../..");

/** Where the blocks of a page are run, one after another. */
export interface Workplace {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Absolute paths in pages, and what replaces them. */
  readonly places: Readonly<Record<string, string>>;
}

/** Stands in for npm in the examples: it creates a tree and says that it worked. */
const NPM = `#!/bin/sh
case $1 in
ci | install)
  echo "added 2 packages"
  mkdir -p node_modules/left-pad node_modules/.bin
  cat package-lock.json >node_modules/left-pad/index.js
  echo "#!/bin/sh" >node_modules/.bin/left-pad
  ;;
test) test -e node_modules/left-pad/index.js ;;
run) mkdir -p dist && echo built >dist/index.js ;;
esac
`;

/** A user's project with a lock file, not yet installed; btdt is in the PATH. */
export function projectWorkplace(scratch: string): Workplace {
  const bin = join(scratch, "bin");
  const directory = join(scratch, "home", "project");
  const places: Record<string, string> = {};
  for (const [place, name] of [
    ["/cache", "cache"],
    ["/srv/btdt", "srv-btdt"],
    ["/var/cache/btdt", "var-cache-btdt"],
  ] as const) {
    places[place] = join(scratch, name);
    mkdirSync(join(scratch, name));
  }
  for (const path of [bin, join(directory, "src")]) mkdirSync(path, { recursive: true });
  symlinkSync(BTDT, join(bin, "btdt"));
  writeFileSync(join(bin, "npm"), NPM);
  chmodSync(join(bin, "npm"), 0o755);
  writeFileSync(join(directory, "package-lock.json"), '{ "lockfileVersion": 3 }\n');
  writeFileSync(join(directory, "package.json"), '{ "name": "project" }\n');
  writeFileSync(join(directory, ".nvmrc"), "22\n");
  writeFileSync(join(directory, "src", "index.js"), "console.log(1);\n");
  const author = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
  must(["git", "init", "--quiet", "--initial-branch=main"], { cwd: directory });
  writeFileSync(join(directory, ".gitignore"), "node_modules\n");
  must(["git", "add", "."], { cwd: directory });
  must(["git", ...author, "commit", "--quiet", "--message=project"], { cwd: directory });
  const env = {
    PATH: `${bin}:${process.env["PATH"]}`,
    HOME: join(scratch, "home"),
    CACHE: join(scratch, "cache"),
  };
  return { directory, env, places };
}

/** A container engine that keeps everything below one directory, and needs nothing from the machine except root. */
const CONTAINERS = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
netns = "none"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
`;

/** A checkout of this repository, with the last build. */
export function checkoutWorkplace(scratch: string): Workplace {
  const directory = join(scratch, "btdt");
  const dist = join(directory, "dist");
  mkdirSync(dist, { recursive: true });
  const names = readdirSync(root).filter((name) => !["dist", "node_modules", ".git"].includes(name));
  must(["cp", "-a", ...names.map((name) => join(root, name)), directory]);
  // Linked if possible: it is large, and nobody writes to it.
  const modules = join(root, "node_modules");
  if (run(["cp", "-al", modules, directory]).exitCode !== 0) must(["cp", "-a", modules, directory]);
  copyFileSync(BTDT, join(dist, "btdt"));
  const containers = join(scratch, "containers.conf");
  const storage = join(scratch, "storage.conf");
  writeFileSync(containers, CONTAINERS);
  writeFileSync(
    storage,
    `[storage]\ndriver = "vfs"\ngraphroot = "${scratch}/images"\nrunroot = "${scratch}/containers"\n`,
  );
  const env = {
    PATH: `${join(directory, "node_modules", ".bin")}:${process.env["PATH"]}`,
    CONTAINERS_CONF: containers,
    CONTAINERS_STORAGE_CONF: storage,
  };
  return { directory, env, places: {} };
}
