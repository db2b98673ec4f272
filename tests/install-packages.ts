/**
 * Installs the Debian packages that the tests use. `npm test` and `.ci/run` call this; without root or apt, it
 * installs nothing, and tests that need what is missing are skipped.
 */
import { writeSync } from "node:fs";

/** README.md repeats this list and the next; a test compares them. */
export const DEBIAN_PACKAGES = [
  // Fault injection, file systems with limits, terminals, tools to compare with.
  ..."strace bindfs libfuse3-dev e2fsprogs xfsprogs btrfs-progs squashfs-tools dosfstools acl attr libcap2-bin util-linux bsdutils git jq b3sum hyperfine rsync zstd chromium groff zsh fish libxml2-utils systemd openssl radosgw ceph-mon ceph-osd ceph-common".split(
    " ",
  ),
  // Compilers for the launcher, glibc for arm64 and an emulator, readers and runners of container images.
  ..."gcc gcc-aarch64-linux-gnu libc6:arm64 qemu-user-static file busybox-static skopeo umoci runc podman".split(
    " ",
  ),
];

/**
 * Programs of other people's that tests/tools tries btdt with, and the packages that have them. Often they are there
 * already, from elsewhere and in newer versions; only what is missing is installed.
 */
export const TOOL_PACKAGES: Readonly<Record<string, string>> = {
  "g++": "g++",
  make: "make",
  cmake: "cmake",
  ninja: "ninja-build",
  ccache: "ccache",
  cargo: "cargo",
  go: "golang-go",
  pip3: "python3-pip",
  bundle: "ruby-bundler",
};

/** Groovy runs the Jenkins guide. They are small, but Java is not: installed only if there is a Java. */
const WITH_JAVA = ["groovy", "maven", "gradle"];

interface Installation {
  readonly missing: readonly string[];
  /** Why they are not installed; undefined if they are. */
  readonly failure?: string;
}

/** Installs what is missing, if this process may. */
export function installPackages(): Installation {
  if (Bun.which("dpkg-query") === null) return { missing: DEBIAN_PACKAGES, failure: "this is not a Debian" };
  const wanted = [...DEBIAN_PACKAGES, ...(Bun.which("java") === null ? [] : WITH_JAVA)];
  const missing = [
    ...wanted.filter((name) => !isInstalled(name)),
    ...Object.entries(TOOL_PACKAGES)
      .filter(([program]) => Bun.which(program) === null)
      .map(([, name]) => name),
  ];
  if (missing.length === 0) return { missing };
  if (process.getuid?.() !== 0) return { missing, failure: "only root may install them" };
  writeSync(2, `tests: installing ${missing.join(" ")}\n`);
  // It prints nothing if that is already known.
  if (process.arch !== "arm64") Bun.spawnSync(["dpkg", "--add-architecture", "arm64"]);
  for (const words of [["update"], ["install", "--yes", "--no-install-recommends", ...missing]]) {
    const { exitCode, stderr } = Bun.spawnSync(["apt-get", "-qq", ...words], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    if (exitCode !== 0)
      return { missing, failure: `apt-get ${words[0]} failed: ${stderr.toString().trim()}` };
  }
  return { missing: [] };
}

function isInstalled(name: string): boolean {
  return output("dpkg-query", "-W", "-f=${Status}", name).includes("ok installed");
}

function output(...words: string[]): string {
  return Bun.spawnSync(words, { stderr: "ignore" }).stdout.toString();
}

/** In one line, for people. */
export function explainMissing({ missing, failure }: Installation): string {
  return `tests: without the Debian packages ${missing.join(" ")} (${failure}), some are skipped\n`;
}

if (import.meta.main) {
  const installation = installPackages();
  if (installation.failure !== undefined) {
    writeSync(2, explainMissing(installation));
    process.exit(1);
  }
}
