import { createHash } from "node:crypto";
import { packTar } from "modern-tar";
import type { Layer } from "./layer.ts";

/** What an image runs by default. */
export type ImageConfig = {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir: string;
  readonly Labels: Readonly<Record<string, string>>;
};

type PlatformImage = {
  readonly architecture: "amd64" | "arm64";
  readonly layers: readonly Layer[];
  readonly config: ImageConfig;
};

export type Archive = {
  /** The name and tag that the image gets when it is loaded. */
  readonly name: string;
  readonly tag: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly created: Date;
  readonly platforms: readonly PlatformImage[];
};

type Descriptor = { readonly mediaType: string; readonly digest: string; readonly size: number };

const MEDIA = "application/vnd.oci.image";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const toJson = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

/**
 * An image for several platforms: an OCI image layout in a tar, plus Docker's own `manifest.json` for versions of
 * Docker that load nothing else.
 */
export async function packOciArchive(archive: Archive): Promise<Uint8Array> {
  const blobs = new Map<string, Uint8Array>();
  const keep = (bytes: Uint8Array, mediaType: string): Descriptor => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
  };

  const dockerManifest: { Config: string; RepoTags: string[]; Layers: string[] }[] = [];
  const manifests = archive.platforms.map((platform) => {
    const { config, layers } = describe(archive, platform, keep);
    dockerManifest.push({
      Config: blobPath(config.digest),
      RepoTags: [`${archive.name}:${archive.tag}-${platform.architecture}`],
      Layers: layers.map((layer) => blobPath(layer.digest)),
    });
    const manifest = keep(
      toJson({
        schemaVersion: 2,
        mediaType: `${MEDIA}.manifest.v1+json`,
        config,
        layers,
        annotations: archive.annotations,
      }),
      `${MEDIA}.manifest.v1+json`,
    );
    return { ...manifest, platform: { architecture: platform.architecture, os: "linux" } };
  });
  const index = keep(
    toJson({
      schemaVersion: 2,
      mediaType: `${MEDIA}.index.v1+json`,
      manifests,
      annotations: archive.annotations,
    }),
    `${MEDIA}.index.v1+json`,
  );
  const entryPoint = {
    ...index,
    annotations: {
      "io.containerd.image.name": `${archive.name}:${archive.tag}`,
      "org.opencontainers.image.ref.name": archive.tag,
    },
  };

  const files: [path: string, bytes: Uint8Array][] = [
    ["oci-layout", toJson({ imageLayoutVersion: "1.0.0" })],
    [
      "index.json",
      toJson({ schemaVersion: 2, mediaType: `${MEDIA}.index.v1+json`, manifests: [entryPoint] }),
    ],
    ["manifest.json", toJson(dockerManifest)],
    ...[...blobs].map(([digest, bytes]): [string, Uint8Array] => [`blobs/sha256/${digest}`, bytes]),
  ];
  return packTar(
    files.map(([name, body]) => ({
      header: {
        name,
        type: "file" as const,
        mode: 0o644,
        size: body.length,
        mtime: archive.created,
        uid: 0,
        gid: 0,
      },
      body,
    })),
  );
}

const blobPath = (digest: string): string => `blobs/${digest.replace(":", "/")}`;

function describe(
  archive: Archive,
  platform: PlatformImage,
  keep: (bytes: Uint8Array, mediaType: string) => Descriptor,
): { config: Descriptor; layers: Descriptor[] } {
  const created = archive.created.toISOString();
  const config = keep(
    toJson({
      created,
      architecture: platform.architecture,
      os: "linux",
      config: platform.config,
      rootfs: { type: "layers", diff_ids: platform.layers.map(({ tar }) => `sha256:${sha256(tar)}`) },
      history: platform.layers.map(() => ({ created, created_by: "npm run image" })),
    }),
    `${MEDIA}.config.v1+json`,
  );
  const layers = platform.layers.map(({ compressed }) => keep(compressed, `${MEDIA}.layer.v1.tar+gzip`));
  return { config, layers };
}
