import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { bytesFromText } from "../../src/base/byte-string.ts";
import { CHUNK_SIZE_BYTES } from "../../src/base/digest.ts";
import { checkShardJob } from "../../src/objects/check-shard.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

/** Puts a file with a digest's name into the shard `ab`, whatever the digest of its content. */
function makeObject(digestHex: string, content: string | Buffer): string {
  const name = `${digestHex}-644-5.000000000`;
  mkdirSync(scratch.path("objects", "ab"), { recursive: true });
  const path = scratch.path("objects", "ab", name);
  writeFileSync(path, content, { mode: 0o644 });
  utimesSync(path, 5, 5);
  return name;
}

/** The first content of a size whose digest is in the shard `ab`. */
function contentInShard(sizeBytes: number, start: number): { content: Buffer; digestHex: string } {
  const content = Buffer.alloc(sizeBytes);
  const prefix = createHash("sha256").update(content.subarray(0, -4));
  for (let nonce = start; ; nonce++) {
    content.writeUInt32LE(nonce, sizeBytes - 4);
    const digestHex = prefix.copy().update(content.subarray(-4)).digest("hex");
    if (digestHex.startsWith("ab")) return { content, digestHex };
  }
}

function check() {
  const objects = bytesFromText(scratch.path("objects"));
  return checkShardJob.run(
    { objects, shard: "ab" },
    { isCancelled: () => false, isOverdue: () => false, mayTakeLong: false },
  );
}

describe("a shard is listed with what is in its objects", () => {
  test("whole, damaged, too large, and not a file", () => {
    const { content, digestHex } = contentInShard(100, 0);
    const whole = makeObject(digestHex, content);
    const damaged = makeObject(`ab${"1".repeat(62)}`, "something else");
    const large = makeObject(`ab${"2".repeat(62)}`, Buffer.alloc(CHUNK_SIZE_BYTES + 1));
    const symlink = `ab${"3".repeat(62)}-644-5.000000000`;
    symlinkSync(whole, scratch.path("objects", "ab", symlink));
    makeObject(`cd${"4".repeat(62)}`, "in the wrong shard");
    const checked = check();
    expect(Object.fromEntries(checked.objects.map((object) => [object.name, object]))).toMatchObject({
      [whole]: { sizeBytes: 100, isAsNamed: true, condition: "whole" },
      [damaged]: { sizeBytes: 14, isAsNamed: true, condition: "damaged" },
      [large]: { sizeBytes: CHUNK_SIZE_BYTES + 1, isAsNamed: true, condition: undefined },
      [symlink]: { isAsNamed: false, condition: "damaged" },
    });
    expect(checked.objects).toHaveLength(4);
  });

  test("after so many bytes, objects are only listed", () => {
    for (let index = 0; index < 6; index++) {
      const { content, digestHex } = contentInShard(CHUNK_SIZE_BYTES, index * 1_000_000);
      makeObject(digestHex, content);
    }
    const { objects, hashedCount, hashedBytes } = check();
    expect(objects).toHaveLength(6);
    expect(objects.every(({ isAsNamed, sizeBytes }) => isAsNamed && sizeBytes === CHUNK_SIZE_BYTES)).toBe(
      true,
    );
    expect(objects.filter(({ condition }) => condition === "whole")).toHaveLength(4);
    expect([hashedCount, hashedBytes]).toEqual([4, 4 * CHUNK_SIZE_BYTES]);
  });
});
