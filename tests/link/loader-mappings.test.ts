import { expect, test } from "bun:test";
import { readElf } from "../../link/elf.ts";
import { findSystemLibc, readLibcDirectory } from "../../link/libc-directory.ts";
import { encodeJump, findMapCall, hasCompleteHead } from "../../link/loader-mappings.ts";
import { parseTarget } from "../../link/target.ts";
import { testWith } from "../support/requirements.ts";
import { hostLibc } from "./probe-executable.ts";

test("jumps lead over the distance from their own start", () => {
  // jmp to the next instruction, jmp to itself
  expect(Buffer.from(encodeJump("x86-64", 0x1000, 0x1005)).toString("hex")).toBe("e900000000");
  expect(Buffer.from(encodeJump("x86-64", 0x1000, 0x1000)).toString("hex")).toBe("e9fbffffff");
  // b .+8, b .-4
  expect(Buffer.from(encodeJump("aarch64", 0x1000, 0x1008)).toString("hex")).toBe("02000014");
  expect(Buffer.from(encodeJump("aarch64", 0x1000, 0xffc)).toString("hex")).toBe("ffffff17");
});

for (const name of ["linux-x64", "linux-arm64"] as const) {
  const target = parseTarget(name);
  const directory = target.system === "linux" ? findSystemLibc(target) : undefined;
  testWith(
    ["linux", { name: `a glibc for ${name}`, isMet: () => directory !== undefined }],
    `in ${name}, the loader's call of mmap is found, and heads are complete`,
    () => {
      if (target.system !== "linux" || directory === undefined) throw new Error("it is there");
      const libc = readLibcDirectory(directory, target);
      const call = findMapCall(readElf(libc.loader));
      expect(call).toBeDefined();
      for (const library of Object.values(libc.libraries))
        expect(hasCompleteHead(readElf(library))).toBe(true);
    },
  );
}

testWith(["linux"], "a loader with another call, or with two, is left alone", () => {
  const { loader } = hostLibc();
  const found = findMapCall(readElf(loader));
  if (found === undefined) throw new Error("the system's loader is expected to have one");
  const without = Buffer.from(loader.bytes);
  without[found.jumpOffset] = (without[found.jumpOffset] ?? 0) ^ 1;
  expect(findMapCall(readElf({ path: "without", bytes: without }))).toBeUndefined();
  const twice = Buffer.from(loader.bytes);
  twice.copy(twice, found.jumpOffset + 0x100, found.jumpOffset - 4, found.jumpOffset + 16);
  expect(findMapCall(readElf({ path: "twice", bytes: twice }))).toBeUndefined();
});
