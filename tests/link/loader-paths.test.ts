import { expect, test } from "bun:test";
import { detachLoader } from "../../link/loader-paths.ts";
import { testWith } from "../support/requirements.ts";
import { hostLibc } from "./probe-executable.ts";

test("a loader's own paths are replaced by missing ones, texts that mention them stay", () => {
  const before =
    "x\0/lib/x86_64-linux-gnu/\0/usr/lib/\0y\0/etc/ld.so.cache\0Do not use /etc/ld.so.cache\0/lib64/ld.so\0/lib/\0";
  const after =
    "x\0/\u0001ib/x86_64-linux-gnu/\0/\u0001sr/lib/\0y\0/\u0001tc/ld.so.cache\0Do not use /etc/ld.so.cache\0/lib64/ld.so\0/lib/\0";
  expect(Buffer.from(detachLoader(Buffer.from(before, "latin1"))).toString("latin1")).toBe(after);
});

testWith(["linux"], "the system's loader is detached", () => {
  const { loader } = hostLibc();
  const detached = detachLoader(loader.bytes);
  expect(detached.length).toBe(loader.bytes.length);
  const text = Buffer.from(detached).toString("latin1");
  for (const path of ["/etc/ld.so.preload", "/etc/ld.so.cache", "/lib/", "/usr/lib/"])
    expect(text).not.toContain(`\0${path}\0`);
});
