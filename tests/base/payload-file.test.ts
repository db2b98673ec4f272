import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import {
  compressPayload,
  decodePrefix,
  encodePrefix,
  inflatePayload,
  joinFile,
  type PayloadFormat,
} from "../../src/base/format/payload-file.ts";

const FORMAT: PayloadFormat = {
  magic: "TESTFILE",
  newestVersion: 2,
  smallestPayloadBytes: 4,
  describe: (name) => `test file ${name}`,
  damageCode: "MANIFEST_DAMAGED",
};

const MEBIBYTE = 1024 * 1024;

describe("a stated size is checked against the frame before memory is taken", () => {
  test("66 KB that state 2 GiB are rejected", () => {
    const statedBytes = 2 ** 31 - 1;
    const frame = Buffer.alloc(66_000);
    zstdCompressSync(Buffer.alloc(MEBIBYTE)).copy(frame);
    const before = process.memoryUsage.rss();
    expect(() => inflatePayload(FORMAT, frame, statedBytes, "x")).toThrow(
      "test file x is damaged: its stated size is out of proportion",
    );
    expect(process.memoryUsage.rss() - before).toBeLessThan(64 * MEBIBYTE);
  });

  test("a dictionary allows for what it could give, and no more", () => {
    const frame = zstdCompressSync(Buffer.from("text"));
    const payloadBytes = 1024 * MEBIBYTE;
    const allowed = Buffer.alloc(payloadBytes / 4);
    expect(() => inflatePayload(FORMAT, frame, payloadBytes, "x", allowed)).not.toThrow("out of proportion");
    expect(() => inflatePayload(FORMAT, frame, payloadBytes, "x", Buffer.alloc(MEBIBYTE))).toThrow(
      "out of proportion",
    );
  });
});

test("a payload of nothing but zeros comes back, however small its frame would be", () => {
  const payload = Buffer.alloc(160 * MEBIBYTE);
  const bare = zstdCompressSync(payload);
  expect(() => inflatePayload(FORMAT, bare, payload.length, "x")).toThrow("out of proportion");
  const frame = compressPayload(payload);
  expect(frame.length).toBeLessThan(payload.length / 200);
  expect(inflatePayload(FORMAT, frame, payload.length, "x").equals(payload)).toBe(true);
});

test("a large frame is moved, a small one copied, and both are whole after their prefix", () => {
  for (const sizeBytes of [100, MEBIBYTE, 64 * MEBIBYTE]) {
    const payload = Buffer.alloc(sizeBytes, "module.js");
    crypto.getRandomValues(payload.subarray(0, 60_000));
    const frame = compressPayload(payload);
    const expected = Buffer.from(frame);
    const memory = frame.buffer;
    const file = joinFile(Buffer.from("0123456789abcdef"), frame);
    expect(file.subarray(0, 16).toString()).toBe("0123456789abcdef");
    expect(file.subarray(16).equals(expected)).toBe(true);
    expect(file.buffer === memory).toBe(sizeBytes === 64 * MEBIBYTE);
    expect(inflatePayload(FORMAT, file.subarray(16), sizeBytes, "x").equals(payload)).toBe(true);
  }
});

test.skipIf(process.platform !== "linux")("an honest payload is in memory once while it is inflated", () => {
  const payload = Buffer.alloc(192 * MEBIBYTE);
  for (let at = 0; at < payload.length; at += 131_072) {
    crypto.getRandomValues(payload.subarray(at, at + 65_536));
  }
  const directory = mkdtempSync(join(tmpdir(), "btdt-test-"));
  try {
    const path = join(directory, "frame");
    writeFileSync(path, compressPayload(payload));
    const child = Bun.spawnSync([process.execPath, "-e", INFLATE, path, `${payload.length}`], {
      cwd: import.meta.dir,
      stderr: "inherit",
    });
    const grownBytes = Number(child.stdout.toString());
    expect(grownBytes).toBeGreaterThan(payload.length);
    expect(grownBytes).toBeLessThan(1.5 * payload.length);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

/** Prints by how many bytes the memory of a process grows while it inflates a frame. */
const INFLATE = `
  import { readFileSync } from "node:fs";
  import { inflatePayload } from "../../src/base/format/payload-file.ts";
  const [path, payloadBytes] = process.argv.slice(-2);
  const frame = readFileSync(path);
  const before = process.memoryUsage.rss();
  inflatePayload({ describe: (name) => name, damageCode: "MANIFEST_DAMAGED" }, frame, Number(payloadBytes), "x");
  const [, peak] = /^VmHWM:\\s+(\\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
  console.log(Number(peak) * 1024 - before);
`;

test("what inflates to another size than it states is damage", () => {
  const payload = Buffer.from("text ".repeat(20));
  const frame = compressPayload(payload);
  expect(inflatePayload(FORMAT, frame, 100, "x").equals(payload)).toBe(true);
  expect(() => inflatePayload(FORMAT, frame, 99, "x")).toThrow("does not decompress");
  expect(() => inflatePayload(FORMAT, frame, 101, "x")).toThrow("its size is not the stated one");
});

test("a prefix states the payload's size, and is rejected if it belongs to another format", () => {
  const sound = { version: 1, payloadBytes: 1234 };
  for (const prefix of [sound, { ...sound, version: 2 }]) {
    expect(decodePrefix(FORMAT, encodePrefix(FORMAT, prefix), "x")).toEqual(prefix);
  }
  const newer = encodePrefix(FORMAT, { ...sound, version: 3 });
  expect(() => decodePrefix(FORMAT, newer, "x")).toThrow("test file x has format 3; this btdt reads up to 2");
  for (const prefix of [
    encodePrefix({ ...FORMAT, magic: "OTHERONE" }, sound),
    encodePrefix(FORMAT, { ...sound, version: 0 }),
    encodePrefix(FORMAT, { ...sound, payloadBytes: 3 }),
    encodePrefix(FORMAT, { ...sound, payloadBytes: 2 ** 31 }),
    encodePrefix(FORMAT, sound).subarray(0, 15),
  ]) {
    expect(() => decodePrefix(FORMAT, prefix, "x")).toThrow("test file x is damaged");
  }
});
