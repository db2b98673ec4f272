import { expect } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testWith } from "../support/requirements.ts";
import { BareRoot, type World } from "./bare-root.ts";
import { checkFourCommands, type RunBtdt } from "./four-commands.ts";
import { buildProbe, hostLinuxTarget } from "./probe-executable.ts";

const executable = join(import.meta.dir, "../../dist/btdt");
const NOBODY = 65_534;

const worlds: [name: string, world: World][] = [
  ["with nothing but itself and /proc", {}],
  ["as an unknown user, without HOME and /tmp, on a read-only root", { uid: NOBODY, readOnly: true }],
  ["with 64 open files at most", { openFilesMax: 64 }],
  ["alone in all namespaces", { namespaces: ["--net", "--ipc", "--uts", "--cgroup"] }],
  ["as root of a user namespace", { namespaces: ["--user", "--map-root-user"] }],
];

for (const [name, world] of worlds) {
  testWith(
    ["linux", "root", "unshare", "chroot", executable],
    `all four commands work ${name}`,
    () => {
      using root = new BareRoot(executable);
      checkFourCommands(root.runner(world), root.volume, "/data", world.uid);
    },
    60_000,
  );
}

testWith(
  ["linux", "root", "unshare", "chroot", "gcc", executable],
  "an image of another libc does not get in the way: none of its libraries is loaded",
  () => {
    using root = new BareRoot(executable);
    const { loader, multiarch } = hostLinuxTarget();
    // A program that loads it ends at once.
    const source = join(root.volume, "hostile.c");
    const library = join(root.volume, "hostile.so");
    writeFileSync(source, "void _exit(int); __attribute__((constructor)) void load(void) { _exit(99); }\n");
    expect(Bun.spawnSync(["gcc", "-shared", "-fPIC", "-o", library, source]).stderr.toString()).toBe("");

    const directories = ["lib", "lib64", "usr/lib", "usr/lib64", `lib/${multiarch}`, `usr/lib/${multiarch}`];
    for (const directory of ["etc", ...directories])
      mkdirSync(join(root.path, directory), { recursive: true });
    for (const file of ["libc.so.6", "libm.so.6", "libnss_other.so.2", "preloaded.so", loader])
      for (const directory of directories) root.add(library, join(directory, file));
    writeFileSync(join(root.path, "etc/ld.so.preload"), "/lib/preloaded.so\n");
    writeFileSync(join(root.path, "etc/ld.so.cache"), "not a cache");
    writeFileSync(join(root.path, "etc/nsswitch.conf"), "passwd: other files\nhosts: other files\n");
    writeFileSync(join(root.path, "etc/hosts"), "127.0.0.1 localhost\n");

    checkFourCommands(root.runner({}), root.volume, "/data");
    expect(root.runner({})("--version").stderr).toBe("");
    buildProbe(join(root.path, "probe"));
    const { stdout, exitCode } = root.runner({ command: ["/probe"] })("/data");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      localhost: "127.0.0.1",
      executable: "/probe",
      // They are mapped from the executable.
      libraries: [],
    });
  },
);

testWith(
  ["linux", executable],
  "all four commands work with LD_PRELOAD and LD_LIBRARY_PATH that lead to rubbish",
  () => {
    const scratch = mkdtempSync(join(tmpdir(), "btdt-rubbish-"));
    const libraries = join(scratch, "libraries");
    mkdirSync(libraries);
    for (const file of ["libc.so.6", "libm.so.6", "preloaded.so"])
      writeFileSync(join(libraries, file), "not a library");
    const env = {
      LD_PRELOAD: join(libraries, "preloaded.so"),
      LD_LIBRARY_PATH: libraries,
      LD_AUDIT: "preloaded.so",
    };
    const run: RunBtdt = (...args) => {
      const { exitCode, stdout, stderr } = Bun.spawnSync([executable, ...args], { env });
      return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
    };
    checkFourCommands(run, scratch, scratch);
    expect(run("--version").stderr).toBe("");
    rmSync(scratch, { recursive: true });
  },
);

testWith(["linux", "file", "ldd", executable], "file and ldd call it static", () => {
  expect(Bun.spawnSync(["file", executable]).stdout.toString()).toContain("statically linked");
  const ldd = Bun.spawnSync(["ldd", executable]);
  expect(ldd.stderr.toString() + ldd.stdout.toString()).toContain("not a dynamic executable");
});
