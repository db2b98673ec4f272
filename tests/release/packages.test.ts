import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { version } from "../../package.json";
import { must, run } from "../support/executable.ts";
import { describeWith, testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";
import { nodeEnvironment, pnpm, projectManifest } from "../tools/node-packages.ts";
import { HERE, useRelease } from "./made-release.ts";

const scratch = Scratch.useDisk();
const LOCK_FILE_DIGEST = `${new Bun.CryptoHasher("sha256").update("{}").digest("hex")}\n`;

describe("packages", () => {
  const released = useRelease();

  describeWith(["dpkg-deb"], "for Debian", () => {
    for (const architecture of ["amd64", "arm64"]) {
      test(`${architecture}: dpkg reads it`, () => {
        const path = released(`btdt_${version}_${architecture}.deb`);
        const fields = must(["dpkg-deb", "--field", path]);
        expect(fields).toContain(`Package: btdt\nVersion: ${version}\nArchitecture: ${architecture}\n`);
        const contents = must(["dpkg-deb", "--contents", path]);
        expect(contents).toMatch(/^-rwxr-xr-x root\/root +\d+ \S+ \S+ \.\/usr\/bin\/btdt$/m);
        expect(contents).toContain("./usr/share/man/man1/btdt-restore.1.gz");
        expect(contents).toContain("./usr/share/doc/btdt/copyright");
      });
    }

    const architecture = process.arch === "x64" ? "amd64" : "arm64";
    const isInstalled = (): boolean => run(["dpkg", "--status", "btdt"]).exitCode === 0;
    const absent = { name: "no btdt installed", isMet: () => !isInstalled() && !existsSync("/usr/bin/btdt") };
    testWith(["linux", "root", "dpkg", absent], "installed, used and purged", () => {
      must(["dpkg", "--force-unsafe-io", "--install", released(`btdt_${version}_${architecture}.deb`)]);
      try {
        expect(must(["/usr/bin/btdt", "--version"])).toBe(`${version}\n`);
        expect(run(["dpkg", "--verify", "btdt"])).toMatchObject({ exitCode: 0, stdout: "" });
      } finally {
        must(["dpkg", "--purge", "btdt"]);
      }
      for (const left of ["/usr/bin/btdt", "/usr/share/doc/btdt"]) expect(existsSync(left)).toBe(false);
      expect(isInstalled()).toBe(false);
    });
  });

  /** In an empty project; the registry does not have this version, so both packages come from files. */
  const prepareProject = (more: object): string => {
    const project = scratch.directory("project");
    const archives = {
      btdt: released(`npm-btdt-${version}.tgz`),
      [`btdt-${HERE}`]: released(`npm-btdt-${HERE}-${version}.tgz`),
    };
    writeFileSync(scratch.path("project", "package.json"), projectManifest(archives, more));
    writeFileSync(scratch.path("project", "input.json"), "{}");
    return project;
  };

  testWith(["node", "npm"], "for npm: npx runs it, and its exit status is btdt's", () => {
    const cwd = prepareProject({});
    const env = nodeEnvironment(scratch);
    must(["npm", "install", "--omit=dev"], { cwd, env });
    expect(must(["npx", "btdt", "hash", "input.json"], { cwd, env })).toBe(LOCK_FILE_DIGEST);
    const miss = run(["npx", "btdt", "restore", "-c", "cache", "--create-cache", "-k", "k"], { cwd, env });
    expect(miss).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("Keys not found in cache.") });
    // Where nothing is installed for the platform, it says so.
    must(["rm", "-r", `node_modules/btdt-${HERE}`], { cwd });
    const missing = run(["npx", "btdt", "--version"], { cwd, env });
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toStartWith(`btdt: the package btdt-${HERE} is not installed: `);
  });

  testWith(["node", pnpm], "for pnpm", () => {
    const cwd = prepareProject({
      pnpm: { overrides: { [`btdt-${HERE}`]: `file:${released(`npm-btdt-${HERE}-${version}.tgz`)}` } },
    });
    const env = nodeEnvironment(scratch);
    must([pnpm.path(), "install", "--offline", "--no-frozen-lockfile"], { cwd, env });
    expect(must([pnpm.path(), "exec", "btdt", "hash", "input.json"], { cwd, env })).toBe(LOCK_FILE_DIGEST);
  });

  testWith(
    ["node"],
    "without execve, signals reach the executable once, and its status comes back",
    async () => {
      const packages = scratch.directory("node_modules");
      for (const name of [`npm-btdt-${version}`, `npm-btdt-${HERE}-${version}`]) {
        const target = scratch.directory("node_modules", name.includes(HERE) ? `btdt-${HERE}` : "btdt");
        must(["tar", "-xzf", released(`${name}.tgz`), "--strip-components=1", "-C", target]);
      }
      writeFileSync(`${packages}/without-execve.cjs`, "process.execve = undefined;");
      const wait = "trap 'echo term; exit 7' TERM; echo ready; while :; do sleep 0.05; done";
      const words = [
        "run",
        "-c",
        scratch.path("cache"),
        "--create-cache",
        "-k",
        "k",
        "made",
        "--",
        "sh",
        "-c",
        wait,
      ];
      const child = Bun.spawn(
        ["node", "--require", `${packages}/without-execve.cjs`, `${packages}/btdt/bin/btdt.js`, ...words],
        { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
      );
      const reader = child.stdout.getReader();
      let seen = "";
      const readUntil = async (text: string): Promise<void> => {
        while (!seen.includes(text)) {
          const { done, value } = await reader.read();
          if (done) break;
          seen += Buffer.from(value).toString();
        }
      };
      await readUntil("ready\n");
      child.kill("SIGTERM");
      await readUntil("term\n");
      expect(await child.exited).toBe(7);
      expect(seen).toBe("ready\nterm\n");
    },
  );

  test("the archive of the npm package has the files that it names", () => {
    must(["tar", "-xzf", released(`npm-btdt-${version}.tgz`), "-C", scratch.path()]);
    const description = JSON.parse(readFileSync(scratch.path("package", "package.json"), "utf8"));
    expect(existsSync(scratch.path("package", description.bin.btdt))).toBe(true);
    expect(Object.keys(description.optionalDependencies)).toHaveLength(4);
  });
});
