import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CacheDirectory } from "../../src/cache/cache-directory.ts";
import { publishKeyFile, readKeyFile } from "../../src/cache/key-files.ts";
import { listSessions } from "../../src/cache/list-sessions.ts";
import { publishManifestFile, readManifestFile } from "../../src/cache/manifest-files.ts";
import { prepareCache } from "../../src/cache/prepare-cache.ts";
import { publishIntent } from "../../src/cache/publish-intent.ts";
import { Session } from "../../src/cache/session.ts";
import { findEntry } from "../../src/entry/find-entry.ts";
import { LockFile } from "../../src/fs/native/flock.ts";
import { encodeKeyFile } from "../../src/key/key-file.ts";
import { keyFileName } from "../../src/key/key-file-name.ts";
import { manifestDigestOf } from "../../src/manifest/codec.ts";
import { askedInVain } from "../support/asked-in-vain.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();
const never = (): boolean => false;

function freshCache(): { readonly cache: CacheDirectory; readonly root: string } {
  const path = scratch.freshDirectory("cache");
  const cache = CacheDirectory.open(path);
  prepareCache(cache);
  return { cache, root: join(path, "btdt-v1") };
}

describe("sessions", () => {
  test("live as long as their process holds the lock", () => {
    const { cache, root } = freshCache();
    const session = Session.open(cache);
    expect(listSessions(cache, Date.now(), 0).map(({ isDead }) => isDead)).toEqual([false]);
    const dead = join(root, "sessions", "dead");
    mkdirSync(dead);
    writeFileSync(join(dead, "lock"), "");
    const states = (graceMs: number) =>
      listSessions(cache, Date.now() + 1000, graceMs).map(({ directory, isDead }): [boolean, boolean] => [
        directory.endsWith("dead"),
        isDead,
      ]);
    expect(new Map(states(0))).toEqual(
      new Map([
        [false, false],
        [true, true],
      ]),
    );
    expect(states(60_000).map(([, isDead]) => isDead)).toEqual([false, false]);
    session.close();
    expect(readdirSync(join(root, "sessions"))).toEqual(["dead"]);
  });

  test("that are being created are left alone until nobody can be creating them", () => {
    const { cache, root } = freshCache();
    const unfinished = join(root, "sessions", "x.new");
    mkdirSync(unfinished);
    const areDead = () => listSessions(cache, Date.now(), 0).map(({ isDead }) => isDead);
    expect(areDead()).toEqual([false]);
    utimesSync(unfinished, 1000, 1000);
    expect(areDead()).toEqual([true]);
  });

  test("show their intents once they are published, which waits for a clean", async () => {
    const { cache } = freshCache();
    const session = Session.open(cache);
    const lock = LockFile.create(cache.lockFile);
    expect(lock.tryLock("exclusive")).toBe("locked");
    let isPublished = false;
    const asked = askedInVain();
    const intent = Buffer.from("manifest");
    const publishing = publishIntent(
      cache,
      session,
      { digest: "ab".repeat(32), file: intent },
      asked.isCancelled,
    ).then(() => {
      isPublished = true;
    });
    await asked.often;
    expect(isPublished).toBe(false);
    const intents = () =>
      listSessions(cache, Date.now(), 0).map((trace) =>
        trace.intents.map((bytes) => Buffer.from(bytes).toString()),
      );
    expect(intents()).toEqual([[]]);
    lock.close();
    await publishing;
    await publishIntent(cache, session, { digest: "cd".repeat(32), file: Buffer.from("another") }, never);
    expect(intents().map((list) => list.toSorted())).toEqual([["another", "manifest"]]);
    session.close();
  });

  test("can be opened and listed where their directory is missing", () => {
    const { cache, root } = freshCache();
    rmSync(join(root, "sessions"), { recursive: true });
    expect(listSessions(cache, Date.now(), 0)).toEqual([]);
    Session.open(cache).close();
  });
});

describe("publishing", () => {
  test("a manifest replaces a damaged one of its name", async () => {
    const { cache, root } = freshCache();
    const session = Session.open(cache);
    const bytes = Buffer.from("any manifest");
    const digest = manifestDigestOf(bytes);
    mkdirSync(join(root, "manifests", digest.slice(0, 2)));
    writeFileSync(join(root, "manifests", digest.slice(0, 2), digest), "damaged");
    await publishIntent(cache, session, { digest, file: bytes }, never);
    publishManifestFile(cache, session, digest, bytes);
    expect(Buffer.from(readManifestFile(cache, digest) ?? []).equals(bytes)).toBe(true);
    session.close();
  });

  test("a key of a newer format is an error, a damaged one is damage, a missing one is missing", async () => {
    const { cache } = freshCache();
    const session = Session.open(cache);
    const publish = (key: string, bytes: Uint8Array): void =>
      publishKeyFile(cache, session, keyFileName(key), bytes, 1);
    publish("newer", Buffer.from('{"format":2}'));
    publish("damaged", Buffer.from("{"));
    const tree = { path: "a", manifest: "ab".repeat(32), fileCount: 0, contentBytes: 0 };
    const record = { storedAt: "2026-01-01T00:00:00Z", trees: [tree] as const };
    publish("dangling", encodeKeyFile({ key: "dangling", ...record }));
    session.close();
    const failure: unknown = await findEntry(cache, "newer").catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "CACHE_FORMAT_NEWER" });
    const found = await Promise.all(["damaged", "dangling", "missing"].map((key) => findEntry(cache, key)));
    expect(found.map(({ kind }) => kind)).toEqual(["damaged", "damaged", "missing"]);
    expect(readKeyFile(cache, "missing")).toBeUndefined();
  });
});

describe("opening", () => {
  const opened = (path: string) => () => CacheDirectory.open(path);
  const code = (expected: string) => expect.objectContaining({ code: expected });

  test("writes nothing", () => {
    const path = scratch.freshDirectory();
    CacheDirectory.open(path);
    expect(readdirSync(path)).toEqual([]);
  });

  test("not a cache", () => {
    const file = scratch.fresh();
    expect(opened(file)).toThrow(code("CACHE_MISSING"));
    writeFileSync(file, "");
    expect(opened(file)).toThrow(code("CACHE_NOT_A_DIRECTORY"));
    expect(opened(join(file, "below"))).toThrow(code("CACHE_NOT_A_DIRECTORY"));
    expect(() => CacheDirectory.create(file)).toThrow(code("CACHE_NOT_A_DIRECTORY"));
  });

  test("another format, in the file or in the directory's name", () => {
    const { root } = freshCache();
    for (const [line, expected] of [
      ["btdt cache format 2\n", "CACHE_FORMAT_NEWER"],
      ["btdt cache format 0\n", "CACHE_NOT_ACCESSIBLE"],
      ["", "CACHE_NOT_ACCESSIBLE"],
    ] as const) {
      writeFileSync(join(root, "format"), line);
      expect(opened(join(root, ".."))).toThrow(code(expected));
    }
    const newer = scratch.freshDirectory();
    mkdirSync(join(newer, "btdt-v2"));
    expect(opened(newer)).toThrow(code("CACHE_FORMAT_NEWER"));
    expect(existsSync(join(newer, "btdt-v1"))).toBe(false);
  });
});
