import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linuxTargets } from "../../link/target.ts";
import { version } from "../../package.json";
import { checkFourCommands } from "../link/four-commands.ts";
import { describeWith } from "../support/requirements.ts";
import { useBuiltImages } from "./built-images.ts";
import { UnpackedImage } from "./container.ts";
import { cleanScript, restoreScript, storeScript, testScript } from "./guide-scripts.ts";

const [x64, arm64] = linuxTargets;
const hostArchitecture = process.arch === "arm64" ? "arm64" : "amd64";

const needs = [
  "linux",
  "root",
  "apt-get",
  "flock",
  "skopeo",
  "umoci",
  "runc",
  "glibc for both architectures",
];
describeWith(needs, "the images", () => {
  const built = useBuiltImages();
  let scratch = "";
  const archive = (name: string) => built(`btdt-${name}.oci.tar`);
  const unpack = (name: string, architecture: "amd64" | "arm64" = hostArchitecture) =>
    new UnpackedImage(archive(name), architecture, join(scratch, `${name}-${architecture}`));

  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "btdt-images-"));
  }, 300_000);
  afterAll(() => rmSync(scratch, { recursive: true }));

  test("scratch holds nothing but btdt, for both architectures", () => {
    for (const target of [x64, arm64]) {
      const { directory, user, compressedSizeBytes } = unpack("scratch", target.debianArchitecture);
      const files = readdirSync(join(directory, "rootfs"), { recursive: true, encoding: "utf8" }).sort();
      expect(files).toEqual(["usr", "usr/bin", "usr/bin/btdt"]);
      expect(user).toBe("65532:65532");
      expect(compressedSizeBytes).toBeLessThan(58_000_000);
      const unpacked = readFileSync(join(directory, "rootfs/usr/bin/btdt"));
      expect(Buffer.compare(unpacked, readFileSync(built(`btdt-${target.name}`)))).toBe(0);
    }
  });

  test("docker's own format is in the archives too", () => {
    for (const [name, tag] of [
      ["scratch", version],
      ["shell", `${version}-shell`],
    ]) {
      const reference = `docker-archive:${archive(name ?? "")}:localhost/btdt:${tag}-arm64`;
      const inspect = Bun.spawnSync(["skopeo", "inspect", "--override-arch", "arm64", reference]);
      expect(JSON.parse(inspect.stdout.toString()).Architecture).toBe("arm64");
    }
  });

  test("scratch runs all four commands, as its own user on a read-only root", () => {
    const image = new UnpackedImage(archive("scratch"), hostArchitecture, join(scratch, "run-scratch"));
    const volume = join(scratch, "volume");
    mkdirSync(volume);
    checkFourCommands(image.runner({ "/data": volume }), volume, "/data", 65_532);
  });

  test("shell runs a pipeline's scripts: a miss, then a hit", () => {
    const image = unpack("shell");
    expect(image.compressedSizeBytes).toBeLessThan(58_000_000);
    const volume = join(scratch, "workspace");
    const tekton = join(scratch, "tekton");
    const bin = join(scratch, "bin");
    for (const directory of [volume, tekton, bin]) mkdirSync(directory);
    // The step with node in its image: what it leaves is what counts here.
    writeFileSync(
      join(bin, "npm"),
      "#!/bin/sh\nmkdir -p node_modules/a && echo 1 >node_modules/a/index.js && echo installed\n",
    );
    chmodSync(join(bin, "npm"), 0o755);
    writeFileSync(join(volume, "package-lock.json"), "{}");

    const step = (script: string) => {
      const replaced = script
        .replaceAll("$(workspaces.cache.path)", "/workspace/cache")
        .replaceAll("$(steps.step-restore-cache.exitCode.path)", "/tekton/exitCode");
      writeFileSync(join(tekton, "script"), replaced, { mode: 0o755 });
      const mounts = { "/workspace/cache": volume, "/tekton": tekton, "/usr/local/bin": bin };
      return image.runner(mounts, "/workspace/cache", ["/tekton/script"])();
    };
    const restore = () => {
      const result = step(restoreScript);
      writeFileSync(join(tekton, "exitCode"), String(result.exitCode));
      return result;
    };

    const miss = restore();
    expect(miss.exitCode).toBe(4);
    const key = /^Cache key: (node-modules-[0-9a-f]{64})\n$/.exec(miss.stdout)?.[1];
    expect(key).toBeString();
    expect(step(testScript)).toMatchObject({ exitCode: 0, stdout: "installed\n" });
    expect(step(storeScript)).toMatchObject({ exitCode: 0, stdout: `Cache key: ${key}\n` });

    rmSync(join(volume, "node_modules"), { recursive: true });
    expect(restore()).toMatchObject({ exitCode: 0, stdout: `Cache key: ${key}\nRestored key ${key}\n` });
    expect(readFileSync(join(volume, "node_modules/a/index.js"), "utf8")).toBe("1\n");
    expect(step(testScript).stdout).toBe("Cache restore succeeded, skipping npm ci\n");
    expect(step(storeScript).stdout).toBe("Cache restore succeeded, skipping cache store\n");
    expect(step(cleanScript).exitCode).toBe(0);
    expect(existsSync(join(volume, "package-lock.json"))).toBe(true);
  });
});
