import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json";
import { useBuiltImages } from "../image/built-images.ts";
import { UnpackedImage } from "../image/container.ts";
import { cleanScript, restoreScript, storeScript, testScript } from "../image/guide-scripts.ts";
import { describeWith } from "../support/requirements.ts";
import { CEPH_KEYS, CEPH_PROGRAMS } from "../support/s3/ceph.ts";
import { useCephBucket } from "../support/s3/ceph-bucket.ts";
import { readGuide, readKit, type TektonDocument } from "./documents.ts";
import { runTask, type StepOutcome, type TaskSetup } from "./task-runner.ts";

const architecture = process.arch === "arm64" ? "arm64" : "amd64";

const kit = readKit();
const stepActions = kit.filter(({ kind }) => kind === "StepAction");
const taskNamed = (name: string): TektonDocument => {
  const task = kit.find(({ kind, metadata }) => kind === "Task" && metadata.name === name);
  if (task === undefined) throw new Error(`the kit has no task ${name}`);
  return task;
};

/** Stands for the one in the image with node: what it leaves is what counts here. */
const NPM = `#!/bin/sh
case $1 in
ci) mkdir -p node_modules/a && cat package-lock.json >node_modules/a/index.js && echo installed ;;
test) cat node_modules/a/index.js ;;
esac
`;

describeWith(
  ["linux", "root", "apt-get", "flock", "skopeo", "umoci", "runc", "glibc for both architectures"],
  "tasks run step by step in the images",
  () => {
    const built = useBuiltImages();
    let scratch = "";
    const images = new Map<string, UnpackedImage>();
    let volumes: Record<string, string> = {};

    beforeAll(() => {
      scratch = mkdtempSync(join(tmpdir(), "btdt-tekton-"));
      const unpack = (name: string, as: string) => {
        const archive = built(`btdt-${name}.oci.tar`);
        images.set(as, new UnpackedImage(archive, architecture, join(scratch, `unpacked-${name}`)));
      };
      unpack("scratch", `localhost/btdt:${version}`);
      unpack("shell", `localhost/btdt:${version}-shell`);
    }, 300_000);
    afterAll(() => rmSync(scratch, { recursive: true }));

    const directory = (name: string): string => {
      const path = join(scratch, name);
      rmSync(path, { recursive: true, force: true });
      mkdirSync(path);
      chmodSync(path, 0o777);
      return path;
    };

    /** One claim with a directory for the checkout and one for the cache, as in the kit's PipelineRun. */
    const newVolumes = () => {
      const claim = directory("claim");
      for (const name of ["source", "cache"]) {
        mkdirSync(join(claim, name));
        chmodSync(join(claim, name), 0o777);
      }
      volumes = { claim, source: join(claim, "source"), cache: join(claim, "cache"), bin: directory("bin") };
      writeFileSync(join(volumes["bin"] ?? "", "npm"), NPM);
      chmodSync(join(volumes["bin"] ?? "", "npm"), 0o755);
      writeFileSync(join(volumes["source"] ?? "", "package-lock.json"), "{}\n");
    };

    /**
     * @param bindings the task's workspaces by name, and which volume each is: as in a cluster, every one is a mount of
     *   its own
     */
    const run = (
      task: TektonDocument,
      bindings: Record<string, string>,
      params: Record<string, string> = {},
      secrets: TaskSetup["secrets"] = {},
    ): StepOutcome[] => {
      const tekton = join(scratch, "tekton");
      const names = Object.keys(bindings);
      return runTask(task, {
        workspaces: Object.fromEntries(names.map((name) => [name, `/workspace/${name}`])),
        params,
        stepActions,
        tekton,
        secrets,
        start: (image, words, workingDir, env) => {
          const unpacked = images.get(image.includes("node") ? `localhost/btdt:${version}-shell` : image);
          if (unpacked === undefined) throw new Error(`no image ${image}`);
          const mounts = {
            ...Object.fromEntries(
              names.map((name) => [`/workspace/${name}`, volumes[bindings[name] ?? ""] ?? ""]),
            ),
            "/tekton": tekton,
            ...(image.includes("node") ? { "/usr/local/bin": volumes["bin"] ?? "" } : {}),
          };
          const hasHostNetwork = env.length > 0;
          return unpacked.runner(mounts, workingDir, words, { env, hasHostNetwork })();
        },
      });
    };
    const workspaces = { source: "source", cache: "cache" };

    /** How each step went, in a word. */
    const summary = (outcomes: readonly StepOutcome[]) =>
      outcomes.map((outcome) => [outcome.name, "skipped" in outcome ? "skipped" : outcome.exitCode]);
    const outputOf = (outcomes: readonly StepOutcome[], step: string, stream: "stdout" | "stderr") => {
      const outcome = outcomes.find(({ name }) => name === step);
      return outcome === undefined || "skipped" in outcome ? undefined : outcome[stream];
    };
    const stdoutOf = (outcomes: readonly StepOutcome[], step: string) => outputOf(outcomes, step, "stdout");

    test("the kit's task: a miss installs and stores, a hit does neither, a new lock file misses", () => {
      newVolumes();
      const task = taskNamed("npm-test");
      const done = [
        ["restore", 0],
        ["install", 0],
        ["test", 0],
        ["store", 0],
      ];
      expect(summary(run(task, workspaces))).toEqual(done);
      const modules = join(volumes["source"] ?? "", "node_modules");
      rmSync(modules, { recursive: true });
      const hit = run(task, workspaces);
      expect(summary(hit)).toEqual([
        ["restore", 0],
        ["install", "skipped"],
        ["test", 0],
        ["store", "skipped"],
      ]);
      expect(stdoutOf(hit, "restore")).toMatch(/^Restored key node-modules-linux-\w+-[0-9a-f]{64}\n$/);
      expect(stdoutOf(hit, "test")).toBe("{}\n");
      rmSync(modules, { recursive: true });
      writeFileSync(join(volumes["source"] ?? "", "package-lock.json"), "{ }\n");
      expect(summary(run(task, workspaces))).toEqual(done);
    });

    test("with source and cache in one workspace the kit links, with two it packs", () => {
      newVolumes();
      const linked = taskNamed("npm-test-linked");
      rmSync(volumes["cache"] ?? "", { recursive: true });
      // Kubernetes gives the claim's group the right to write by fsGroup.
      chmodSync(volumes["claim"] ?? "", 0o777);
      const modules = join(volumes["source"] ?? "", "node_modules");
      const once = () => run(linked, { volume: "claim" }, { source: "source" });
      expect(summary(once()).map(([, how]) => how)).toEqual([0, 0, 0, 0]);
      rmSync(modules, { recursive: true });
      const hit = once();
      expect(summary(hit).map(([, how]) => how)).toEqual([0, "skipped", 0, "skipped"]);
      expect(outputOf(hit, "restore", "stderr")).toContain("1 linked");

      newVolumes();
      run(taskNamed("npm-test"), workspaces);
      rmSync(modules, { recursive: true });
      expect(outputOf(run(taskNamed("npm-test"), workspaces), "restore", "stderr")).toContain("1 unpacked");
    });

    describeWith(CEPH_PROGRAMS, "with a bucket", () => {
      let url: URL;
      beforeAll(async () => {
        url = await useCephBucket();
      }, 120_000);

      test("the kit takes the credentials of a secret, and does without the cache if there is none", () => {
        newVolumes();
        const text = JSON.stringify(taskNamed("npm-test"));
        const address = `s3://cache/tekton-${randomUUID()}`;
        const task: TektonDocument = JSON.parse(text.replaceAll("$(workspaces.cache.path)", address));
        const secret = {
          AWS_ACCESS_KEY_ID: CEPH_KEYS.accessKeyId,
          AWS_SECRET_ACCESS_KEY: CEPH_KEYS.secretAccessKey,
          AWS_ENDPOINT_URL_S3: url.href,
        };
        const once = (keys: Readonly<Record<string, string>>) => {
          rmSync(join(volumes["source"] ?? "", "node_modules"), { recursive: true, force: true });
          return run(task, { source: "source" }, {}, { "btdt-bucket": keys });
        };
        const done = [0, 0, 0, 0];
        expect(summary(once(secret)).map(([, how]) => how)).toEqual(done);
        const hit = once(secret);
        expect(summary(hit).map(([, how]) => how)).toEqual([0, "skipped", 0, "skipped"]);
        expect(outputOf(hit, "restore", "stderr")).toContain("1 unpacked");
        const wrong = once({ ...secret, AWS_SECRET_ACCESS_KEY: "wrong" });
        expect(summary(wrong).map(([, how]) => how)).toEqual(done);
        expect(outputOf(wrong, "store", "stderr")).toContain("rejects the credentials");
      });
    });

    const guide = readGuide().filter(({ kind }) => kind === "Task");
    test.each(guide.map((task) => [task.file, task] as const))(
      "the steps at %s run: a miss, then a hit",
      (_, task) => {
        newVolumes();
        const failed = (outcomes: readonly StepOutcome[]) =>
          outcomes.filter(
            (outcome) => "exitCode" in outcome && outcome.exitCode !== 0 && outcome.exitCode !== 4,
          );
        const miss = run(task, workspaces);
        expect(failed(miss)).toEqual([]);
        expect(miss.some((outcome) => "stdout" in outcome && outcome.stdout.includes("installed"))).toBe(
          true,
        );
        rmSync(join(volumes["source"] ?? "", "node_modules"), { recursive: true });
        const hit = run(task, workspaces);
        expect(failed(hit)).toEqual([]);
        expect(hit.some((outcome) => "stdout" in outcome && outcome.stdout.includes("installed"))).toBe(
          false,
        );
        expect(existsSync(join(volumes["source"] ?? "", "node_modules/a/index.js"))).toBe(true);
      },
    );

    test("the guide shows steps with and without a shell", () => {
      expect(guide.length).toBeGreaterThanOrEqual(2);
    });

    test("several paths, restored to where they were stored from", () => {
      newVolumes();
      const params = [
        { name: "cache", value: "$(workspaces.cache.path)" },
        { name: "keys", value: "web" },
        { name: "workingDir", value: "$(workspaces.source.path)" },
      ];
      const make = "#!/bin/sh\nmkdir -p a .b/c && echo a >a/x && echo c >.b/c/y\n";
      const stepAction = (name: string, ...more: object[]) => {
        return { name, ref: { name: `btdt-${name}` }, params: [...params, ...more] };
      };
      const task = (...steps: object[]): TektonDocument => {
        return { file: "", apiVersion: "tekton.dev/v1", kind: "Task", metadata: {}, spec: { steps } };
      };
      const shell = { image: `localhost/btdt:${version}-shell`, workingDir: "$(workspaces.source.path)" };
      const store = stepAction("store", { name: "paths", value: ["a", ".b/c"] });
      expect(summary(run(task({ ...shell, name: "make", script: make }, store), workspaces))).toEqual([
        ["make", 0],
        ["store", 0],
      ]);
      const source = volumes["source"] ?? "";
      for (const name of ["a", ".b"]) rmSync(join(source, name), { recursive: true });
      expect(summary(run(task(stepAction("restore")), workspaces))).toEqual([["restore", 0]]);
      expect([existsSync(join(source, "a/x")), existsSync(join(source, ".b/c/y"))]).toEqual([true, true]);
      const named = stepAction("restore", { name: "paths", value: ["one", "two"] });
      expect(summary(run(task(named), workspaces))).toEqual([["restore", 0]]);
      expect(existsSync(join(source, "two/y"))).toBe(true);
    });

    test("without a lock file the first step fails, and none is run after it", () => {
      newVolumes();
      rmSync(join(volumes["source"] ?? "", "package-lock.json"));
      expect(summary(run(taskNamed("npm-test"), workspaces))).toEqual([["restore", 1]]);
    });

    test("the clean task trims, and touches nothing else", () => {
      newVolumes();
      run(taskNamed("npm-test"), workspaces);
      const cleaned = run(taskNamed("cache-clean"), { cache: "cache" });
      expect(stdoutOf(cleaned, "cache-clean")).toContain("Kept 1 entry");
      expect(existsSync(join(volumes["source"] ?? "", "node_modules"))).toBe(true);
    });

    test("a task of shell scripts with onError: continue and exit codes runs as written", () => {
      newVolumes();
      const shell = { image: `localhost/btdt:${version}-shell`, workingDir: "$(workspaces.cache.path)" };
      const task: TektonDocument = {
        file: "",
        apiVersion: "tekton.dev/v1",
        kind: "Task",
        metadata: {},
        spec: {
          steps: [
            { ...shell, name: "restore-cache", onError: "continue", script: restoreScript },
            { ...shell, name: "run-tests", image: "node", script: testScript },
            { ...shell, name: "store-cache", script: storeScript },
            { ...shell, name: "clean", script: cleanScript },
          ],
        },
      };
      const shared = { cache: "source" };
      const miss = run(task, shared);
      expect(summary(miss)).toEqual([
        ["restore-cache", 4],
        ["run-tests", 0],
        ["store-cache", 0],
        ["clean", 0],
      ]);
      rmSync(join(volumes["source"] ?? "", "node_modules"), { recursive: true });
      const hit = run(task, shared);
      expect(summary(hit)[0]).toEqual(["restore-cache", 0]);
      expect(stdoutOf(hit, "run-tests")).toBe("Cache restore succeeded, skipping npm ci\n");
      expect(stdoutOf(hit, "store-cache")).toBe("Cache restore succeeded, skipping cache store\n");
    });
  },
);
