import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { bytesFromText } from "../../src/base/byte-string.ts";
import {
  formatObjectName,
  nameObject,
  type ObjectName,
  parseObjectName,
  twinOf,
} from "../../src/objects/object-name.ts";
import { locateObject, ObjectPathWriter } from "../../src/objects/object-path.ts";
import { manifestOf } from "../support/listed-manifest.ts";
import { directory, fileNodes } from "../support/listed-tree.ts";

const objectNames: fc.Arbitrary<ObjectName> = fc.record({
  digestHex: fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => Buffer.from(bytes).toString("hex")),
  permissions: fc.nat({ max: 0o777 }),
  mtimeSeconds: fc.oneof(fc.maxSafeInteger(), fc.integer()),
  mtimeNanoseconds: fc.nat({ max: 999_999_999 }),
  isExclusive: fc.boolean(),
});

test("round trip", () => {
  fc.assert(
    fc.property(objectNames, (name) => {
      const text = formatObjectName(name);
      expect(parseObjectName(text)).toEqual(name);
      expect(text.length).toBeLessThan(128);
    }),
    { numRuns: 300 },
  );
});

test("only the canonical form is read as an object's name", () => {
  const digits = fc.string({ unit: fc.constantFrom("0", "1", "7", "9", "-", "."), maxLength: 22 });
  const digest = "ab".repeat(32);
  fc.assert(
    fc.property(digits, digits, (permissions, mtime) => {
      const text = `${digest}-${permissions}-${mtime}`;
      const name = parseObjectName(text);
      if (name !== undefined) expect(formatObjectName(name)).toBe(text);
    }),
    { numRuns: 1000 },
  );
  const foreign = [
    "",
    "README",
    digest,
    `${digest}-644`,
    `${digest}-644-1`,
    `${digest}-644-1.5`,
    `${digest}-0644-1.000000000`,
    `${digest}-888-1.000000000`,
    `${digest}-644-01.000000000`,
    `${digest}-644--0.000000000`,
    `${digest}-644-9999999999999999.000000000`,
    `${digest}-644-1.000000000.tmp`,
    `${digest}-644-1.000000000x`,
    `${digest}-644-1.000000000-x-x`,
    `${digest.toUpperCase()}-644-1.000000000`,
    `${digest.slice(2)}-644-1.000000000`,
  ];
  for (const text of foreign) expect(parseObjectName(text)).toBeUndefined();
});

test("a manifest's file has the same name in both ways of asking", () => {
  fc.assert(
    fc.property(fileNodes, (node) => {
      const manifest = manifestOf(directory({ f: node }));
      for (const isExclusive of [false, true]) {
        const name = nameObject(manifest, 0, isExclusive);
        expect(parseObjectName(name)).toEqual({
          digestHex: node.digest,
          permissions: node.mode & 0o777,
          mtimeSeconds: node.mtime.seconds,
          mtimeNanoseconds: node.mtime.nanoseconds,
          isExclusive,
        });
        expect(locateObject(bytesFromText("/c"), manifest, 0, isExclusive)).toBe(
          bytesFromText(`/c/${name.slice(0, 2)}/${name}`),
        );
        expect(twinOf(name)).toBe(nameObject(manifest, 0, !isExclusive));
      }
    }),
    { numRuns: 200 },
  );
});

test("the path that is written without strings is the same", () => {
  fc.assert(
    fc.property(fc.array(fileNodes, { minLength: 1, maxLength: 5 }), (files) => {
      const manifest = manifestOf(
        directory(Object.fromEntries(files.map((node, index) => [`f${index}`, node]))),
      );
      const path = new ObjectPathWriter(bytesFromText("/objects"), manifest);
      for (const file of [...files.keys(), 0]) {
        for (const isExclusive of [false, true]) {
          expect(path.set(file, isExclusive).toBytes()).toBe(
            locateObject(bytesFromText("/objects"), manifest, file, isExclusive),
          );
        }
      }
    }),
    { numRuns: 300 },
  );
});
