import { expect, test } from "bun:test";
import { linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { locateObject } from "../../src/objects/object-path.ts";
import { type MergePlan, planMerge } from "../../src/restore/merge-plan.ts";
import type { Target } from "../../src/restore/target.ts";
import { inlineRuntime } from "../support/inline-runtime.ts";
import { manifestOf } from "../support/listed-manifest.ts";
import { directory, file, symlink } from "../support/listed-tree.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

const MTIME = { seconds: 5, nanoseconds: 0 };

function sha256(text: string): string {
  return new Bun.SHA256().update(text).digest("hex");
}

function listed(content: string) {
  return file({ size: content.length, mtime: MTIME, digest: sha256(content) });
}

function write(content: string, ...path: string[]): string {
  const target = scratch.path("to", ...path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content, { mode: 0o644 });
  utimesSync(target, 5, 5);
  return target;
}

function targetOf(manifest: Manifest, options: Partial<Target> = {}): Target {
  scratch.directory("to");
  const cache = CacheDirectory.open(scratch.directory("cache"));
  const path = bytesFromText(scratch.path("to"));
  return {
    cache,
    manifest,
    digest: "",
    marks: [],
    session: undefined,
    name: bytesFromText(""),
    recordedPath: undefined,
    destination: { kind: "directory", path },
    remote: undefined,
    exact: false,
    links: {
      objects: cache.objects,
      temporary: undefined,
      mode: "auto",
      isVerified: false,
      linksOnlyOwn: false,
      sharing: new Uint8Array(manifest.counts.fileCount),
      suspects: undefined,
    },
    ...options,
  };
}

async function plan(target: Target): Promise<MergePlan> {
  return await planMerge(target, target.destination.path, inlineRuntime());
}

/** The paths that are marked, sorted. */
function unchangedPaths(manifest: Manifest, { unchanged }: MergePlan): string[] {
  const { directoryCount, fileCount, symlinkCount } = manifest.counts;
  const marked = (count: number, marks: Uint8Array, nameOf: (index: number) => string): string[] =>
    Array.from({ length: count }, (_, index) => index)
      .filter((index) => marks[index] === 1)
      .map(nameOf);
  return [
    ...marked(directoryCount, unchanged.directories, (index) => `${manifest.directoryPath(index)}/`),
    ...marked(fileCount, unchanged.files, (index) => manifest.filePath(index)),
    ...marked(symlinkCount, unchanged.symlinks, (index) => `${manifest.symlinkName(index)}@`),
  ].toSorted();
}

test("what the destination has exactly so is unchanged; everything else is not", async () => {
  const manifest = manifestOf(
    directory({
      same: listed("same"),
      content: listed("want"),
      time: listed("time"),
      missing: listed("gone"),
      empty: file({ size: 0, mtime: MTIME }),
      link: symlink("same"),
      other: symlink("same"),
      sub: directory({ deep: listed("deep") }),
      absent: directory({ f: listed("f") }),
      "in place of a link": directory({ f: listed("f") }),
    }),
  );
  const target = targetOf(manifest);
  write("same", "same");
  write("have", "content");
  utimesSync(write("time", "time"), 6, 6);
  write("", "empty");
  write("deep", "sub", "deep");
  symlinkSync("elsewhere", scratch.path("to", "other"));
  symlinkSync("sub", scratch.path("to", "in place of a link"));
  expect(unchangedPaths(manifest, await plan(target))).toEqual(["/", "empty", "same", "sub/", "sub/deep"]);
});

test("a file that is the object's inode need not be read", async () => {
  const manifest = manifestOf(directory({ f: file({ size: 4, mtime: MTIME, digest: sha256("real") }) }));
  const target = targetOf(manifest);
  const object = Buffer.from(locateObject(target.links.objects, manifest, 0), "latin1").toString();
  mkdirSync(dirname(object), { recursive: true });
  linkSync(write("fake", "f"), object);
  expect(unchangedPaths(manifest, await plan(target))).toEqual(["/", "f"]);
});

test("directories where the entry has a file are in the way, which only --exact may clear", async () => {
  const manifest = manifestOf(directory({ f: listed("f"), l: symlink("x") }));
  const target = targetOf(manifest, { exact: true });
  scratch.directory("to", "f");
  scratch.directory("to", "l");
  expect((await plan(target)).directoriesInTheWay).toEqual(["f", "l"].map(bytesFromText));
  const refused = plan({ ...target, exact: false });
  expect(await refused.catch((error: unknown) => error)).toMatchObject({
    code: "DESTINATION_CONFLICT",
    path: scratch.path("to", "f"),
  });
});

test("an entry that leads into the cache is rejected", async () => {
  const manifest = manifestOf(directory({ "btdt-v1": directory({ keys: directory() }) }));
  const cache = CacheDirectory.open(scratch.directory("to"));
  const target = targetOf(manifest, { cache });
  scratch.directory("to", "btdt-v1");
  expect(await plan(target).catch((error: unknown) => error)).toMatchObject({
    code: "DESTINATION_INSIDE_CACHE",
  });
});

test("a cancelled plan is not returned", async () => {
  const target = targetOf(manifestOf(directory({ f: listed("f") })));
  const planning = planMerge(
    target,
    target.destination.path,
    inlineRuntime(() => true),
  );
  expect(await planning.catch((error: unknown) => error)).toMatchObject({ code: "CANCELLED" });
});
