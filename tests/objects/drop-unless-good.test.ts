import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { PathBuffer } from "../../src/fs/native/path-buffer.ts";
import { dropUnlessGood } from "../../src/objects/drop-unless-good.ts";
import { examineObject, type ObjectState } from "../../src/objects/examine-object.ts";
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
    "edited when it was written to": ["edited", (path) => writeFileSync(path, "abd")],
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
});
