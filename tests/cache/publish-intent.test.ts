import { describe, expect, test } from "bun:test";
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { loadManifestFile, publishManifestFile } from "../../src/cache/manifest-files.ts";
import { prepareCache } from "../../src/cache/prepare-cache.ts";
import { publishIntent } from "../../src/cache/publish-intent.ts";
import { Session } from "../../src/cache/session.ts";
import { manifestDigestOf } from "../../src/manifest/codec.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const never = (): boolean => false;
const file = Buffer.from("any manifest");
const digest = manifestDigestOf(file);

/** A cache that has the manifest, and a new session in it. */
async function withManifest() {
  const path = scratch.freshDirectory("cache");
  const cache = CacheDirectory.open(path);
  prepareCache(cache);
  const first = Session.open(cache);
  await publishIntent(cache, first, { digest, file }, never);
  publishManifestFile(cache, first, digest, file);
  first.close();
  const session = Session.open(cache);
  const published = join(path, "btdt-v1", "manifests", digest.slice(0, 2), digest);
  const intent = join(path, "btdt-v1", "sessions", session.id, digest);
  return { cache, session, published, intent };
}

describe("an intent", () => {
  test("of a manifest that the cache has is another name of its file", async () => {
    const { cache, session, published, intent } = await withManifest();
    await publishIntent(cache, session, { digest, file }, never);
    expect(statSync(intent).ino).toBe(statSync(published).ino);
    publishManifestFile(cache, session, digest, file);
    session.close();
    expect(statSync(published).nlink).toBe(1);
    expect(readFileSync(published).equals(file)).toBe(true);
  });

  test("does not refer to a damaged manifest, which is replaced", async () => {
    const { cache, session, published, intent } = await withManifest();
    writeFileSync(published, "any damaged one");
    await publishIntent(cache, session, { digest, file }, never);
    expect(readFileSync(intent).equals(file)).toBe(true);
    publishManifestFile(cache, session, digest, file);
    expect(readFileSync(published).equals(file)).toBe(true);
    session.close();
  });

  test("does not refer to a file that has replaced the one that was read", async () => {
    const { cache, session, published, intent } = await withManifest();
    const read = loadManifestFile(cache, digest);
    if (read === undefined) throw new Error("there is no manifest");
    writeFileSync(`${published}.new`, "another one");
    renameSync(`${published}.new`, published);
    await publishIntent(cache, session, { digest, file, status: read.status }, never);
    expect(readFileSync(intent).equals(file)).toBe(true);
    session.close();
  });

  test("can be published twice", async () => {
    const { cache, session, intent } = await withManifest();
    await publishIntent(cache, session, { digest, file }, never);
    await publishIntent(cache, session, { digest, file }, never);
    expect(readFileSync(intent).equals(file)).toBe(true);
    session.close();
  });
});
