import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { CHUNK_SIZE_BYTES, chunkCount, digestAt, hexOf } from "../../../src/base/digest.ts";
import type { Manifest } from "../../../src/manifest/manifest.ts";
import type { PackContents } from "../../../src/packs/contents/pack-contents.ts";
import { findContentSources, isPacked } from "../../../src/packs/unpack/content-sources.ts";
import {
  contentAt,
  contentOfOrder,
  encodeOrder,
  itemAt,
  itemOfOrder,
  listWrittenLargeFiles,
} from "../../../src/packs/unpack/unpack-items.ts";
import { planUnpack, type UnpackPlan } from "../../../src/packs/unpack/unpack-plan.ts";
import { manifestOf } from "../../support/listed-manifest.ts";
import { directory, file } from "../../support/listed-tree.ts";
import { content, type DescribedPack, digestOf, large, packContents } from "../described-packs.ts";

/** Files whose only content has these numbers. */
function manifestOfContents(numbers: readonly number[], sizeBytes = 100): Manifest {
  const children = numbers.map((number, index) => {
    const name = `f${index.toString().padStart(6, "0")}`;
    return [name, file({ size: sizeBytes, digest: hexOf(digestOf(number)) })] as const;
  });
  return manifestOf(directory(Object.fromEntries(children)));
}

function plan(manifest: Manifest, contents: PackContents, unwanted?: Uint8Array): UnpackPlan {
  const sources = findContentSources(manifest, contents, () => true);
  return planUnpack(manifest, { contents, sources }, unwanted);
}

/** For each item of a plan: its file, and the digest that stands in the pack where the plan sends the job. */
function placesOf({ items, parts, contents }: UnpackPlan): { file: number; id: string; chunk: number }[] {
  const places: { file: number; id: string; chunk: number }[] = [];
  for (const part of parts) {
    let place = part.firstPlace;
    for (const block of part.blocks) {
      for (; place < block.endPlace; place++) {
        const found = contents.placeOf(contentAt(items, place));
        expect(found.pack).toBe(part.pack);
        expect(found.block).toBe(block.block);
        expect(found.offset).toBe(items.contentOffsets[contentAt(items, place)] ?? -1);
        const index = contents.packs[part.pack]?.index;
        const inPack = contentAt(items, place) - contents.firstContentOf(part.pack);
        const item = itemAt(items, place);
        const chunk = item < items.firstChunk ? 0 : (items.chunks[item - items.firstChunk] ?? -1);
        places.push({
          file: items.files[item] ?? -1,
          id: hexOf(index?.contentIdAt(inPack) ?? new Uint8Array()),
          chunk,
        });
      }
    }
    expect(place).toBe(part.endPlace);
  }
  return places;
}

const shortId = (number: number): string => hexOf(digestOf(number).subarray(0, 16));

test("content and item come back from their order, which sorts by content first", () => {
  const contents = fc.nat({ max: 2 ** 27 - 1 });
  const items = fc.nat({ max: 2 ** 26 - 1 });
  fc.assert(
    fc.property(contents, items, contents, items, (content1, item1, content2, item2) => {
      const [order1, order2] = [encodeOrder(content1, item1), encodeOrder(content2, item2)];
      expect(Number.isSafeInteger(order1)).toBe(true);
      expect([contentOfOrder(order1), itemOfOrder(order1)]).toEqual([content1, item1]);
      expect(Math.sign(order1 - order2)).toBe(Math.sign(content1 - content2 || item1 - item2));
    }),
  );
});

test("each file is unpacked once, from a block that has its content", () => {
  const packs: fc.Arbitrary<DescribedPack[]> = fc.array(
    fc
      .array(
        fc.array(
          fc.nat({ max: 30 }).map((number) => content(number)),
          { minLength: 1, maxLength: 6 },
        ),
        {
          minLength: 1,
          maxLength: 5,
        },
      )
      .map((blocks) => ({ blocks })),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(packs, fc.array(fc.nat({ max: 40 }), { maxLength: 30 }), (described, numbers) => {
      const contents = packContents(described);
      const held = new Set(
        described.flatMap(({ blocks }) => blocks.flat().map(({ digest }) => hexOf(digest))),
      );
      const manifest = manifestOfContents(numbers);
      const expected = numbers.flatMap((number, index) =>
        held.has(hexOf(digestOf(number))) ? [{ file: index, id: shortId(number), chunk: 0 }] : [],
      );
      const places = placesOf(plan(manifest, contents));
      expect(places.toSorted((left, right) => left.file - right.file)).toEqual(expected);
    }),
  );
});

test("blocks are read in the order in which they lie, each by one part", () => {
  const described = Array.from({ length: 3 }, (_, pack) => ({
    blocks: Array.from({ length: 5 }, (__, block) => [content(pack * 10 + block, CHUNK_SIZE_BYTES)]),
  }));
  const manifest = manifestOfContents([24, 3, 12, 0, 21, 10, 4], CHUNK_SIZE_BYTES);
  const { parts } = plan(manifest, packContents(described));
  expect(parts.map(({ pack, blocks }) => [pack, ...blocks.map(({ block }) => block)])).toEqual([
    [0, 0],
    [0, 3],
    [0, 4],
    [1, 0],
    [1, 2],
    [2, 1],
    [2, 4],
  ]);
  expect(parts[1]?.blocks[0]).toMatchObject({
    offset: 32 + 3 * CHUNK_SIZE_BYTES,
    storedBytes: CHUNK_SIZE_BYTES,
    contentBytes: CHUNK_SIZE_BYTES,
  });
});

test("small blocks of one pack share a part, those of two packs do not", () => {
  const described = [{ blocks: [[content(1)], [content(2)]] }, { blocks: [[content(3)]] }];
  const { parts } = plan(manifestOfContents([3, 2, 1]), packContents(described));
  expect(parts.map(({ pack, blocks }) => [pack, blocks.length])).toEqual([
    [0, 2],
    [1, 1],
  ]);
});

test("contents of damaged blocks are taken from another pack, or from none", () => {
  const blocks = [[content(1)], [content(2)]];
  const contents = packContents([{ blocks, damagedBlocks: [0, 1] }, { blocks: [[content(2)]] }]);
  const manifest = manifestOfContents([1, 2]);
  expect(placesOf(plan(manifest, contents))).toEqual([{ file: 1, id: shortId(2), chunk: 0 }]);
});

test("unwanted files are skipped", () => {
  const contents = packContents([{ blocks: [[content(1), content(2)]] }]);
  const unwanted = Uint8Array.of(1, 0);
  expect(placesOf(plan(manifestOfContents([1, 2]), contents, unwanted)).map((each) => each.file)).toEqual([
    1,
  ]);
});

describe("large files", () => {
  const sizeBytes = 2 * CHUNK_SIZE_BYTES + 7;
  const three = large([5, 6, 5], sizeBytes);
  const manifest = manifestOf(
    directory({
      a: file({ size: sizeBytes, digest: hexOf(three.digest) }),
      b: file({ size: 100, digest: hexOf(digestOf(1)) }),
    }),
  );

  test("a chunk that is there several times is written to each of its places", () => {
    const chunk = (number: number) => content(number, CHUNK_SIZE_BYTES);
    const contents = packContents([
      { blocks: [[chunk(5)], [content(1)]], larges: [three] },
      { blocks: [[chunk(6)]] },
    ]);
    const planned = plan(manifest, contents);
    expect(planned.largeFiles).toEqual([0]);
    expect(placesOf(planned)).toEqual([
      { file: 0, id: shortId(5), chunk: 0 },
      { file: 0, id: shortId(5), chunk: 2 },
      { file: 1, id: shortId(1), chunk: 0 },
      { file: 0, id: shortId(6), chunk: 1 },
    ]);
    const { chunkDigests } = planned.items;
    expect(hexOf(digestAt(chunkDigests, 1))).toBe(hexOf(digestOf(6)));
  });

  test("a file with a missing chunk, or without a chunk list, comes from no pack", () => {
    const blocks = [[content(5, CHUNK_SIZE_BYTES)], [content(1)]];
    for (const described of [{ blocks, larges: [three] }, { blocks: [...blocks, [content(6)]] }]) {
      const sources = findContentSources(manifest, packContents([described]), () => true);
      expect([0, 1].map((index) => isPacked(sources, index))).toEqual([false, true]);
    }
  });

  test("a file that the manifest gives another size comes from no pack", () => {
    const blocks = [[content(5, CHUNK_SIZE_BYTES)], [content(6, CHUNK_SIZE_BYTES)]];
    for (const otherBytes of [sizeBytes - 1, sizeBytes + CHUNK_SIZE_BYTES, CHUNK_SIZE_BYTES + 1]) {
      const other = manifestOf(directory({ a: file({ size: otherBytes, digest: hexOf(three.digest) }) }));
      const sources = findContentSources(other, packContents([{ blocks, larges: [three] }]), () => true);
      expect(isPacked(sources, 0)).toBe(false);
    }
  });

  test("a file is written when all of its chunks are", () => {
    const contents = packContents([{ blocks: [[content(5)], [content(6)]], larges: [three] }]);
    const { items } = plan(manifest, contents);
    expect(items.areChunksWritten).toHaveLength(chunkCount(sizeBytes));
    for (const chunk of [1, 0, 2]) {
      expect(listWrittenLargeFiles(items)).toEqual([]);
      items.areChunksWritten[chunk] = 1;
    }
    expect(listWrittenLargeFiles(items)).toEqual([0]);
  });
});
