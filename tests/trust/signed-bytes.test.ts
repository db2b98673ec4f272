import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { KeyRecord, StoredTree } from "../../src/key/key-record.ts";

import { generateKeys } from "../../src/trust/generate-keys.ts";
import {
  describePublicKey,
  formatPublicKey,
  parsePrivateKey,
  parsePublicKeys,
} from "../../src/trust/key-text.ts";
import { createRecordSigner } from "../../src/trust/sign-record.ts";
import { encodeSignedBytes } from "../../src/trust/signed-bytes.ts";
import { createRecordVerifier } from "../../src/trust/verify-record.ts";

// Texts with what separates fields, so that what belongs to one could be taken for another.
const texts = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", ":", ",", "1", "0", "é") }),
  fc.string({ unit: "binary" }).map((text) => text.toWellFormed()),
);
const counts = fc.nat({ max: 3 });
const trees: fc.Arbitrary<StoredTree> = fc.record(
  {
    path: texts,
    manifest: fc.constantFrom("a".repeat(64), "b".repeat(64)),
    fileCount: counts,
    contentBytes: counts,
    skippedCount: fc.integer({ min: 1, max: 3 }),
  },
  { requiredKeys: ["manifest", "fileCount", "contentBytes"] },
);
const records: fc.Arbitrary<KeyRecord> = fc.record({
  key: texts,
  storedAt: fc.constantFrom("2026-01-31T12:00:00.000Z", "2026-01-31T12:00:00.001Z"),
  trees: fc.array(trees, { minLength: 1, maxLength: 3 }).map((list) => list as unknown as KeyRecord["trees"]),
});

type Encode = (record: KeyRecord) => Uint8Array;

/** The same record after a change to one part of it, or another record. */
const pairs = fc.oneof(
  fc.tuple(records, records),
  fc.tuple(records, texts).map(([record, key]) => [record, { ...record, key }] as const),
  fc.tuple(records, trees).map(([record, tree]) => [record, { ...record, trees: [tree] as const }] as const),
  fc
    .tuple(records, counts)
    .map(([record, fileCount]) => [record, changeFirst(record, { fileCount })] as const),
  fc
    .tuple(records, counts)
    .map(([record, contentBytes]) => [record, changeFirst(record, { contentBytes })] as const),
  fc.tuple(records, texts).map(([record, path]) => [record, changeFirst(record, { path })] as const),
  records.map((record) => [record, changeFirst(record, { skippedCount: 9 })] as const),
  records.map((record) => [record, changeFirst(record, { manifest: "c".repeat(64) })] as const),
  records.map((record) => {
    const counts = [1, 11].map((fileCount) => ({ fileCount, contentBytes: fileCount === 1 ? 10 : 0 }));
    return [changeFirst(record, counts[0] ?? {}), changeFirst(record, counts[1] ?? {})] as const;
  }),
  records.map((record) => [record, { ...record, storedAt: "2027-01-31T12:00:00.000Z" }] as const),
);

function changeFirst(record: KeyRecord, change: Partial<StoredTree>): KeyRecord {
  const [first, ...others] = record.trees;
  return { ...record, trees: [{ ...first, ...change }, ...others] };
}

function check(encode: Encode) {
  return fc.check(
    fc.property(pairs, ([left, right]) => {
      return Bun.deepEquals(left, right) === (Buffer.compare(encode(left), encode(right)) === 0);
    }),
    { numRuns: 3000 },
  );
}

test("no two records are signed as the same bytes", () => {
  const { failed, seed, counterexample } = check(encodeSignedBytes);
  expect({ failed, seed, counterexample }).toMatchObject({ failed: false });
});

const mutants: Record<string, Encode> = {
  "the key is left out": (record) => encodeSignedBytes({ ...record, key: "" }),
  "the time is left out": (record) => encodeSignedBytes({ ...record, storedAt: "" }),
  "the first tree is left out": ({ trees: [, ...others], ...record }) =>
    encodeSignedBytes({ ...record, trees: others as unknown as KeyRecord["trees"] }),
  "paths are left out": (record) => encodeSignedBytes(changeAll(record, (tree) => omit(tree, "path"))),
  "an absent path is an empty one": (record) =>
    encodeSignedBytes(changeAll(record, (tree) => ({ ...tree, path: tree.path ?? "" }))),
  "manifests are left out": (record) =>
    encodeSignedBytes(changeAll(record, (tree) => ({ ...tree, manifest: "" }))),
  "numbers of files are left out": (record) =>
    encodeSignedBytes(changeAll(record, (tree) => ({ ...tree, fileCount: 0 }))),
  "sizes are left out": (record) =>
    encodeSignedBytes(changeAll(record, (tree) => ({ ...tree, contentBytes: 0 }))),
  "what was skipped is left out": (record) =>
    encodeSignedBytes(changeAll(record, (tree) => omit(tree, "skippedCount"))),
  "where fields end is left out": (record) => {
    const [first] = record.trees;
    const counts = `${first.fileCount}${first.contentBytes}`;
    const rest = encodeSignedBytes(changeFirst(record, { fileCount: 0, contentBytes: 0 }));
    return Buffer.concat([Buffer.from(counts), rest]);
  },
};

function omit(tree: StoredTree, name: "path" | "skippedCount"): StoredTree {
  const copy = { ...tree };
  delete copy[name];
  return copy;
}

function changeAll(record: KeyRecord, change: (tree: StoredTree) => StoredTree): KeyRecord {
  return { ...record, trees: record.trees.map(change) as unknown as KeyRecord["trees"] };
}

for (const [name, encode] of Object.entries(mutants)) {
  test(`the test above fails if ${name}`, () => {
    expect(check(encode).failed).toBe(true);
  });
}

test("only what the key has signed is trusted", () => {
  const { privateText, publicText } = generateKeys();
  const sign = createRecordSigner(parsePrivateKey(privateText, "key"));
  const explainRefusal = createRecordVerifier(parsePublicKeys(`# ours\n\n${publicText}\n`, "keys"));
  fc.assert(
    fc.property(pairs, ([record, other]) => {
      const signature = sign(record);
      expect(explainRefusal({ ...record, signature })).toBeUndefined();
      if (Bun.deepEquals(record, other)) return;
      expect(explainRefusal({ ...other, signature })).toStartWith("its signature is wrong");
    }),
    { numRuns: 200 },
  );
});

test("keys are those of RFC 8032, and a private key has its public one", () => {
  // Section 7.1, test 1.
  const raw = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
  const key = parsePrivateKey(`btdt-private-ed25519:${raw.toString("base64url")}`, "key");
  const { object } = describePublicKey(key);
  const expected = Buffer.from("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "hex");
  expect(formatPublicKey(object)).toBe(`btdt-public-ed25519:${expected.toString("base64url")}`);
});
