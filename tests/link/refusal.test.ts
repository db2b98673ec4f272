import { expect } from "bun:test";
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testWith } from "../support/requirements.ts";

const executable = join(import.meta.dir, "../../dist/btdt");

/** Runs `btdt --version` in a world that refuses something, and returns the exit code and the lines of stderr. */
function refused(...wrapper: string[]): { exitCode: number; lines: string[] } {
  const run = Bun.spawnSync([...wrapper, executable, "--version"]);
  return { exitCode: run.exitCode, lines: run.stderr.toString().trimEnd().split("\n") };
}

const needs = ["linux", "strace", executable];
const inject = (fault: string) => refused("strace", "-qq", "-o", "/dev/null", "-e", `inject=${fault}`);

/** Where cgroups that limit threads can be made, in either version. */
function findPidsController(): string | undefined {
  const places = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"];
  return places.find((place) => {
    const control = join(place, "cgroup.subtree_control");
    const isUsed =
      place.endsWith("pids") || (existsSync(control) && readFileSync(control, "utf8").includes("pids"));
    try {
      accessSync(place, constants.W_OK);
      return isUsed;
    } catch {
      return false;
    }
  });
}

const pidsController = {
  name: "a cgroup in which threads can be limited",
  isMet: () => findPidsController() !== undefined,
};

for (const [name, fault, message] of [
  [
    "an old kernel",
    "memfd_create:error=ENOSYS",
    "memfd_create failed (errno 38): it needs Linux 3.17 or newer",
  ],
  ["a sandbox", "memfd_create:error=EPERM", "memfd_create failed (errno 1): it needs Linux 3.17 or newer"],
  [
    "too few descriptors",
    "memfd_create:error=EMFILE",
    "memfd_create failed (errno 24): the limit of open files",
  ],
  [
    "too little memory",
    "write:error=ENOSPC:when=1",
    "writing to memory failed (errno 28): too little memory",
  ],
  [
    "a hidden /proc",
    "faccessat:error=EACCES:when=1",
    "/proc/self/fd cannot be read (errno 13): /proc must be mounted",
  ],
] as const) {
  testWith(needs, `${name} is one clear line and exit 127`, () => {
    const { exitCode, lines } = inject(fault);
    expect(exitCode).toBe(127);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toStartWith(`btdt: cannot start: ${message}`);
  });
}

const tooFewThreads = /^btdt: cannot start: a thread was refused \(errno 11\): it needs 7 threads or more/;

// The limit does not apply to root.
testWith(
  ["linux", "root", "prlimit", "setpriv", executable],
  "a low limit of processes is one clear line",
  () => {
    const asOther = ["setpriv", "--reuid=61234", "--clear-groups"];
    const { exitCode, lines } = refused(...asOther, "prlimit", "--nproc=6");
    expect({ exitCode, lines }).toEqual({ exitCode: 127, lines: [expect.stringMatching(tooFewThreads)] });
    expect(refused(...asOther, "prlimit", "--nproc=7").exitCode).toBe(0);
  },
);

testWith(["linux", "root", pidsController, executable], "so is a cgroup that allows few threads", () => {
  const cgroup = mkdtempSync(join(findPidsController() ?? "", "btdt-test-"));
  try {
    const within = ["sh", "-c", `echo $$ > "$0/cgroup.procs" && exec "$@"`, cgroup];
    writeFileSync(join(cgroup, "pids.max"), "6");
    const { exitCode, lines } = refused(...within);
    expect({ exitCode, lines }).toEqual({ exitCode: 127, lines: [expect.stringMatching(tooFewThreads)] });
    writeFileSync(join(cgroup, "pids.max"), "7");
    expect(refused(...within).exitCode).toBe(0);
  } finally {
    rmdirSync(cgroup);
  }
});

testWith(needs, "a kernel that does not know the newest flag is asked without it", () => {
  expect(inject("memfd_create:error=EINVAL:when=1").exitCode).toBe(0);
});

for (const [name, ...faults] of [
  ["opened", "-P", "/proc/self/exe", "-e", "inject=openat:error=EACCES:when=1"],
  ["read", "-e", "inject=pread64:error=EIO:when=1"],
] as const) {
  testWith(needs, `where the executable cannot be ${name}, its libraries are copied as a whole`, () => {
    const trace = join(mkdtempSync(join(tmpdir(), "btdt-copied-")), "trace");
    const { exitCode } = refused("strace", "-qq", "-o", trace, "-e", "trace=openat,pread64,write", ...faults);
    expect(exitCode).toBe(0);
    const text = readFileSync(trace, "utf8");
    rmSync(join(trace, ".."), { recursive: true });
    expect(text).toContain("(INJECTED)");
    if (name === "read") expect(text).toMatch(/^write\(\d+, "\\177ELF.* = \d{7,}$/m);
  });
}

testWith(
  ["linux", "root", "unshare", "sysctl", "/proc/sys/vm/memfd_noexec", executable],
  "starts where the kernel forbids executable memory files",
  () => {
    const script = 'sysctl -qw vm.memfd_noexec=2 && "$@"';
    const { exitCode } = refused("unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", script, "sh");
    expect(exitCode).toBe(0);
  },
);
