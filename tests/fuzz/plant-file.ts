import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Random } from "../support/random.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { forgeBomb } from "./payload-files.ts";
import { replaceFile } from "./replace-file.ts";

const UUID = "00000000-0000-4000-8000-000000000000";
const BOOT = "0".repeat(32);
const LARGEST_PAYLOAD_BYTES = 2 ** 31 - 1;

/** Adds a file that a session could have left: an intent, a mark, a lock, a pack. @param outside where links lead */
export function plantFile(cache: string, outside: string, random: Random): void {
  const root = join(cache, "btdt-v1");
  const content = contentOf(root, random);
  const digest = createHash("sha256").update(content).digest("hex");
  const [pack = digest] = readdirSync(join(root, "packs"));
  const path = join(
    root,
    random.pick([
      `sessions/${UUID}/${digest}`,
      `sessions/${UUID}/lock`,
      `sessions/${UUID}.new/lock`,
      `unflushed/${BOOT}-${UUID}-${digest}`,
      `unflushed/${BOOT}-${UUID}-${digest}`,
      `packs/${pack}/damaged-0`,
      `packs/${pack}/damaged-99999999999`,
      `packs/${digest}/index`,
      `packs/${digest}/pack`,
      `manifests/${digest.slice(0, 2)}/${digest}`,
      `objects/${digest.slice(0, 2)}/${digest}-644-99999999999999.999999999`,
      "keys/odd",
    ]),
  );
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  if (random.isLucky(1 / 3)) replaceFile(path, outside, random);
}

/** Of some manifest, right or not. */
function contentOf(root: string, random: Random): Buffer {
  const shards = readdirSync(join(root, "manifests")).map((shard) => join(root, "manifests", shard));
  const files = shards.flatMap((shard) => readdirSync(shard).map((name) => join(shard, name)));
  const manifest = readFileSync(random.pick(files));
  return random.pick([
    manifest,
    mutateBytes(manifest, random),
    forgeBomb(manifest, LARGEST_PAYLOAD_BYTES),
    Buffer.alloc(0),
  ]);
}
