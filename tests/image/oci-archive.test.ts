import { expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { unpackTar } from "modern-tar";
import { type LayerEntry, packLayer } from "../../image/layer.ts";
import { packOciArchive } from "../../image/oci-archive.ts";

const created = new Date(1_700_000_000_000);
const entries: LayerEntry[] = [
  { kind: "directory", path: "usr", mode: 0o755 },
  { kind: "file", path: "usr/btdt", mode: 0o755, bytes: Buffer.from("program") },
  { kind: "symlink", path: "bin", target: "usr" },
];
const config = { User: "1:1", Env: ["PATH=/usr"], Entrypoint: ["btdt"], WorkingDir: "/", Labels: {} };

async function pack(): Promise<Uint8Array> {
  const layers = [await packLayer(entries, created)];
  return packOciArchive({
    name: "localhost/btdt",
    tag: "1",
    annotations: { "org.opencontainers.image.title": "btdt" },
    created,
    platforms: [
      { architecture: "amd64", layers, config },
      { architecture: "arm64", layers, config },
    ],
  });
}

const blob = (digest: string): string => `blobs/${digest.replace(":", "/")}`;
const digestOf = (bytes: Uint8Array): string => new Bun.SHA256().update(bytes).digest("hex");

test("a layer preserves each entry, with one owner and one time", async () => {
  const { tar, compressed } = await packLayer(entries, created);
  expect(Buffer.compare(gunzipSync(compressed), tar)).toBe(0);
  const unpacked = await unpackTar(tar);
  expect(unpacked.map(({ header }) => [header.name, header.type, header.mode, header.linkname])).toEqual([
    ["usr/", "directory", 0o755, ""],
    ["usr/btdt", "file", 0o755, ""],
    ["bin", "symlink", 0o777, "usr"],
  ]);
  for (const { header } of unpacked) expect([header.uid, header.gid, header.mtime]).toEqual([0, 0, created]);
});

test("a duplicate path is rejected", async () => {
  const twice: LayerEntry[] = [...entries, { kind: "symlink", path: "usr/btdt", target: "other" }];
  const refusal = packLayer(twice, created).then(
    () => "packed",
    (error: Error) => error.message,
  );
  expect(await refusal).toBe("a layer with usr/btdt twice");
});

test("every blob is named by its digest, and all that is referred to is there", async () => {
  const files = new Map(
    (await unpackTar(await pack())).map(({ header, data }) => [header.name, data ?? new Uint8Array()]),
  );
  const json = (path: string) => JSON.parse(Buffer.from(files.get(path) ?? []).toString());
  for (const [path, bytes] of files)
    if (path.startsWith("blobs/")) expect(path).toBe(`blobs/sha256/${digestOf(bytes)}`);

  expect(json("oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
  const [entry] = json("index.json").manifests;
  expect(entry.annotations["org.opencontainers.image.ref.name"]).toBe("1");
  const { manifests } = json(blob(entry.digest));
  expect(manifests.map(({ platform }: { platform: unknown }) => platform)).toEqual([
    { architecture: "amd64", os: "linux" },
    { architecture: "arm64", os: "linux" },
  ]);
  for (const { digest, size } of manifests) {
    expect(files.get(blob(digest))?.length).toBe(size);
    const manifest = json(blob(digest));
    expect(manifest.annotations).toEqual({ "org.opencontainers.image.title": "btdt" });
    const image = json(blob(manifest.config.digest));
    expect(image.created).toBe("2023-11-14T22:13:20.000Z");
    for (const [index, layer] of manifest.layers.entries()) {
      const bytes = files.get(blob(layer.digest)) ?? new Uint8Array();
      expect(bytes.length).toBe(layer.size);
      expect(image.rootfs.diff_ids[index]).toBe(`sha256:${digestOf(gunzipSync(bytes))}`);
    }
  }
});

test("the same inputs give the same bytes", async () => {
  expect(digestOf(await pack())).toBe(digestOf(await pack()));
});
