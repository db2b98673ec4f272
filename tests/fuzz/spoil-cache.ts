import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Random } from "../support/random.ts";
import type { CacheFile } from "./cache-samples.ts";
import { manifestPath } from "./format-cases.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateKeyRecord } from "./mutate-key.ts";
import { baseOf, forgeBomb, forgePayload, inflateFile } from "./payload-files.ts";
import { plantFile } from "./plant-file.ts";
import { replaceFile } from "./replace-file.ts";

export interface Spoiling {
  /** What the file states matches its checksums, or is not checked. */
  readonly isBelieved: boolean;
}

const BELIEVED: Spoiling = { isBelieved: true };
const NOTICED: Spoiling = { isBelieved: false };

const LARGEST_PAYLOAD_BYTES = 2 ** 31 - 1;
const ROOMS = [
  "keys",
  "manifests",
  "objects",
  "packs",
  "sessions",
  "edited-paths",
  "restore-counts",
  ".",
] as const;
const ODD_NAMES = ["\xff\xfe", "a\nb", "..x", "~", "%00", "z".repeat(200), "00"] as const;

/** @param outside a directory for links to lead to, which must not change */
export function spoilCache(cache: string, file: CacheFile, outside: string, random: Random): Spoiling {
  const path = join(cache, file.path);
  switch (random.below(7)) {
    case 0:
      rewrite(path, mutateBytes(readFileSync(path), random));
      // Objects are recognised by their attributes.
      return file.kind === "object" ? BELIEVED : NOTICED;
    case 1:
    case 2:
      forge(cache, file, random);
      return BELIEVED;
    case 3:
    case 4:
      replaceFile(path, outside, random);
      return NOTICED;
    case 5:
      plantFile(cache, outside, random);
      return NOTICED;
    default:
      spoilRoom(cache, outside, random);
      return NOTICED;
  }
}

/** With the same attributes, by which objects are recognised. */
function rewrite(path: string, bytes: Buffer): void {
  const { mode, atimeMs, mtimeMs } = statSync(path);
  chmodSync(path, 0o600);
  writeFileSync(path, bytes);
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
  chmodSync(path, mode & 0o7777);
}

function forge(cache: string, { kind, path }: CacheFile, random: Random): void {
  const whole = join(cache, path);
  const bytes = readFileSync(whole);
  const mutate = (payload: Buffer): Buffer => mutateBytes(payload, random);
  switch (kind) {
    case "key":
      writeFileSync(whole, mutateKeyRecord(bytes, random));
      break;
    case "manifest":
    case "delta": {
      const base = baseOf(bytes);
      const dictionary =
        base === undefined ? undefined : inflateFile(readFileSync(manifestPath({ cache }, base)));
      const forged = random.isLucky(1 / 3)
        ? forgeBomb(bytes, LARGEST_PAYLOAD_BYTES)
        : forgePayload(bytes, dictionary, mutate);
      publishManifest(cache, whole, forged);
      break;
    }
    case "index":
      publishIndex(
        whole,
        random.isLucky(1 / 4)
          ? forgeBomb(bytes, LARGEST_PAYLOAD_BYTES)
          : forgePayload(bytes, undefined, mutate),
      );
      break;
    case "format":
      writeFileSync(
        whole,
        random.pick(["btdt cache format 2\n", "btdt cache format 1", "", "\n", "x".repeat(70_000)]),
      );
      break;
    default:
      rewrite(whole, mutateBytes(bytes, random));
      break;
  }
}

/** Keys that named the old manifest name the new one. */
function publishManifest(cache: string, path: string, bytes: Buffer): void {
  const digest = digestOf(bytes);
  const forged = manifestPath({ cache }, digest);
  mkdirSync(dirname(forged), { recursive: true });
  writeFileSync(forged, bytes);
  const old = path.slice(path.lastIndexOf("/") + 1);
  const keys = join(cache, "btdt-v1", "keys");
  for (const name of readdirSync(keys)) {
    const key = join(keys, name);
    writeFileSync(key, readFileSync(key, "latin1").replaceAll(old, digest), "latin1");
  }
}

/** A pack is named after its index. */
function publishIndex(path: string, bytes: Buffer): void {
  const pack = dirname(path);
  writeFileSync(path, bytes);
  renameSync(pack, join(dirname(pack), digestOf(bytes)));
}

function digestOf(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Something else in the place of one of the cache's directories, or something odd in it. */
function spoilRoom(cache: string, outside: string, random: Random): void {
  const room = join(cache, "btdt-v1", random.pick(ROOMS));
  if (random.isLucky(1 / 2)) {
    const name = Buffer.from(random.pick(ODD_NAMES), "latin1");
    const path = Buffer.concat([Buffer.from(`${room}/`), name]);
    if (random.isLucky(1 / 2)) mkdirSync(path, { recursive: true });
    else writeIfFree(path, random);
    return;
  }
  mkdirSync(room, { recursive: true });
  const shards = readdirSync(room);
  const shard = shards[random.below(shards.length)] ?? "";
  replaceFile(random.isLucky(1 / 2) ? room : join(room, shard), outside, random);
}

function writeIfFree(path: Buffer, random: Random): void {
  try {
    writeFileSync(path, random.pick(["", "odd", "x".repeat(5000)]), { flag: "wx" });
  } catch {
    // A directory of this name exists, which is odd enough.
  }
}
