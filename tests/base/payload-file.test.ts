import { describe, expect, test } from "bun:test";
import { zstdCompressSync } from "node:zlib";
import {
  compressPayload,
  decodePrefix,
  encodePrefix,
  inflatePayload,
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
