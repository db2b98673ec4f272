import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { LockFile } from "../../src/fs/native/flock.ts";
import { PathBuffer } from "../../src/fs/native/path-buffer.ts";
import { dropUnlessGood } from "../../src/objects/drop-unless-good.ts";
import { examineObject, type ObjectState } from "../../src/objects/examine-object.ts";
import { replaceObject } from "../../src/objects/object-claim.ts";
import { locateObject } from "../../src/objects/object-path.ts";
import { manifestOf } from "../support/listed-manifest.ts";
import { directory, file } from "../support/listed-tree.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const manifest = manifestOf(directory({ f: file({ size: 3, mtime: { seconds: 5, nanoseconds: 0 } }) }));

/** Makes the object of the only file, which is whole. */
function makeObject(): string {
  const path = locateObject(bytesFromText(scratch.path("objects")), manifest, 0);
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { recursive: true, force: true });
  writeFileSync(path, "abc", { mode: 0o644 });
  utimesSync(path, 5, 5);
  return path;
}

function bufferOf(path: string): PathBuffer {
  return new PathBuffer().set(bytesFromText(path));
}

describe("an object is", () => {
  const states: Readonly<Record<string, readonly [ObjectState, (path: string) => void]>> = {
    "whole as it was made": ["whole", () => undefined],
    "missing when it is gone": ["missing", (path) => rmSync(path)],
    "edited when it is longer": ["edited", (path) => writeFileSync(path, "abcd")],
    "altered when it may have been written to": ["altered", (path) => writeFileSync(path, "abd")],
    "altered when its mode has changed": ["altered", (path) => chmodSync(path, 0o755)],
    "altered when its time has changed": ["altered", (path) => utimesSync(path, 5, 4)],
    "edited when it was emptied just now": ["edited", (path) => truncateSync(path)],
    "lost when it is shorter and its time is the same": ["lost", (path) => shorten(path, 2, 5)],
    "lost when it is empty and its time is the same": ["lost", (path) => shorten(path, 0, 5)],
    "lost when it is shorter and older": ["lost", (path) => shorten(path, 1, 4)],
    "lost when it is not a file": [
      "lost",
      (path) => {
        rmSync(path);
        symlinkSync("/etc/passwd", path);
      },
    ],
  };
  test.each(Object.entries(states))("%s", (_, [state, change]) => {
    const path = makeObject();
    change(path);
    expect(examineObject(bufferOf(path), manifest, 0)).toBe(state);
  });
});

function shorten(path: string, sizeBytes: number, mtimeSeconds: number): void {
  truncateSync(path, sizeBytes);
  utimesSync(path, mtimeSeconds, mtimeSeconds);
}

describe("dropping an object", () => {
  const drop = (path: string): void => {
    const aside = bufferOf(join(scratch.directory("session"), "aside"));
    dropUnlessGood(bufferOf(path), aside, (taken) => examineObject(taken, manifest, 0) === "whole");
    expect(existsSync(scratch.path("session", "aside"))).toBe(false);
  };

  test("removes it when it is bad", () => {
    const path = makeObject();
    writeFileSync(path, "abd");
    drop(path);
    expect(existsSync(path)).toBe(false);
  });

  test("leaves it when it turns out to be good", () => {
    const path = makeObject();
    drop(path);
    expect(readFileSync(path, "utf8")).toBe("abc");
  });

  test("that cannot be examined leaves it", () => {
    const path = makeObject();
    const dropping = () => {
      const aside = bufferOf(join(scratch.directory("session"), "aside"));
      dropUnlessGood(bufferOf(path), aside, () => {
        throw new Error("no");
      });
    };
    expect(dropping).toThrow("no");
    expect(readFileSync(path, "utf8")).toBe("abc");
  });

  test("that is missing does nothing", () => {
    const path = makeObject();
    rmSync(path);
    drop(path);
    expect(existsSync(path)).toBe(false);
  });

  test("that another process replaces meanwhile leaves the new one, which never loses its name", () => {
    const path = makeObject();
    writeFileSync(path, "abd");
    const finished = scratch.path("finished");
    writeFileSync(finished, "abc", { mode: 0o644 });
    utimesSync(finished, 5, 5);
    const aside = bufferOf(join(scratch.directory("session"), "aside"));
    let changedNs: bigint | undefined;
    dropUnlessGood(bufferOf(path), aside, (taken) => {
      const isGood = examineObject(taken, manifest, 0) === "whole";
      if (changedNs === undefined) {
        replaceObject(bytesFromText(finished), bufferOf(path));
        changedNs = statSync(path, { bigint: true }).ctimeNs;
      }
      return isGood;
    });
    expect(readFileSync(path, "utf8")).toBe("abc");
    // A rename would have changed it.
    expect(statSync(path, { bigint: true }).ctimeNs).toBe(changedNs ?? 0n);
  });

  test("that somebody else keeps locked removes it as well, and spares a good one", () => {
    const path = makeObject();
    const holder = LockFile.open(bytesFromText(path), "read");
    expect(holder.tryLock("exclusive")).toBe("locked");
    writeFileSync(path, "abd");
    drop(path);
    expect(existsSync(path)).toBe(false);
    drop(makeObject());
    expect(readFileSync(path, "utf8")).toBe("abc");
    holder.close();
  });

  test("that is a directory removes it", () => {
    const path = makeObject();
    rmSync(path);
    mkdirSync(join(path, "below"), { recursive: true });
    drop(path);
    expect(existsSync(path)).toBe(false);
  });
});
