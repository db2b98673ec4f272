import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FAKE_KEYS } from "../support/bucket-client.ts";
import { BUCKET, BucketCommands } from "../support/bucket-commands.ts";
import type { Finished } from "../support/executable.ts";
import { FakeServer } from "../support/s3/fake-server.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
let server: FakeServer;
beforeAll(() => {
  server = new FakeServer();
  server.buckets.set("cache", new Map());
});
afterAll(() => server.stop());

/** A new cache of a kind, and commands on it. */
function openCache(kind: "directory" | "bucket"): {
  readonly address: string;
  readonly commands: BucketCommands;
} {
  const name = randomUUID();
  const address = kind === "bucket" ? `${BUCKET}/${name}` : scratch.path(name);
  if (kind === "directory") mkdirSync(address);
  return { address, commands: new BucketCommands(scratch, server.url, FAKE_KEYS, address) };
}

/** A tree that says where it was stored. */
function makeTreeFor(name: string): void {
  makeTree(scratch.path(name), dir({ node_modules: dir({ "index.js": file(`// ${name}\n`) }) }));
}

const INDEX = "node_modules/index.js";

function outcomeOf({ stdout }: Finished): unknown {
  const { outcome, key, cache } = JSON.parse(stdout);
  return { outcome, key, cache };
}

const KINDS = ["directory", "bucket"] as const;
for (const firstKind of KINDS) {
  for (const secondKind of KINDS) {
    test(`a ${firstKind}, and then a ${secondKind}: each key in both, before the next key`, async () => {
      const first = openCache(firstKind);
      const second = openCache(secondKind);
      for (const name of ["first", "second"]) makeTreeFor(name);
      await first.commands.must(["store", "-k", "both,main,npm-1", "first"]);
      await second.commands.must(["store", "-k", "both,new,npm-2", "second"]);
      const also = ["--read-also", second.address];
      const restore = async (...words: string[]): Promise<unknown> => {
        const looked = outcomeOf(await first.commands.run(["lookup", "--json", ...also, ...words]));
        const restored = await first.commands.run([
          "restore",
          "--json",
          ...also,
          ...words,
          scratch.fresh("to"),
        ]);
        expect(outcomeOf(restored)).toEqual(looked);
        return looked;
      };
      expect(await restore("-k", "both")).toEqual({ outcome: "hit", key: "both", cache: first.address });
      expect(await restore("-k", "new,main")).toEqual({ outcome: "hit", key: "new", cache: second.address });
      expect(await restore("-k", "none,main,new")).toEqual({
        outcome: "fallback",
        key: "main",
        cache: first.address,
      });
      expect(await restore("-k", "none", "--fallback-prefix", "npm-2,npm-")).toEqual({
        outcome: "fallback",
        key: "npm-2",
        cache: second.address,
      });
      expect(await restore("-k", "none", "--fallback-prefix", "npm-")).toMatchObject({ key: "npm-1" });
      const miss = await first.commands.run(["restore", ...also, "-k", "npm-3", "to"]);
      expect(miss.exitCode).toBe(4);
      expect(miss.stderr).toContain(`${first.address} has npm-1, stored `);
      expect(miss.stderr).toContain(`${second.address} has npm-2, stored `);
    });
  }
}

describe("two directories", () => {
  let first: ReturnType<typeof openCache>;
  let second: ReturnType<typeof openCache>;
  beforeEach(async () => {
    [first, second] = [openCache("directory"), openCache("directory")];
    makeTreeFor("tree");
    await second.commands.must(["store", "-k", "key", "tree"]);
  });

  test("files are linked from the second one, which is not written to", async () => {
    const keyFile = join(second.address, "btdt-v1/keys/key");
    const before = statSync(keyFile).mtimeMs;
    const restored = await first.commands.must(["restore", "--read-also", second.address, "-k", "key", "to"]);
    expect(restored.stderr).toContain(`from ${second.address}: `);
    expect(statSync(scratch.path("to", INDEX)).ino).toBe(statSync(scratch.path("tree", INDEX)).ino);
    expect(statSync(keyFile).mtimeMs).toBe(before);
    expect(readdirSync(join(second.address, "btdt-v1"))).not.toContain("restore-counts");
  });

  test("an entry that is damaged in the first one is restored from the second one", async () => {
    makeTreeFor("other");
    await first.commands.must(["store", "-k", "key", "other"]);
    const objects = join(first.address, "btdt-v1/objects");
    const object = readdirSync(objects, { recursive: true })
      .map(String)
      .find((name) => name.includes("/"));
    truncateSync(join(objects, object ?? ""), 1);
    const restored = await first.commands.must(["restore", "--read-also", second.address, "-k", "key", "to"]);
    expect(restored.stderr).toContain("the entry of key key cannot be used");
    expect(await Bun.file(scratch.path("to", INDEX)).text()).toBe("// tree\n");
  });

  test("run stores in the first one only, and nothing after a hit in the second one", async () => {
    const run = (key: string, out: string): Promise<Finished> =>
      first.commands.must(
        ["run", "-k", key, out, "--", "sh", "-c", `mkdir ${out} && echo made >${out}/made`],
        { BTDT_READ_ALSO: second.address },
      );
    await run("key", "hit");
    expect(existsSync(scratch.path("hit", "made"))).toBe(false);
    expect(await first.commands.run(["lookup", "-k", "key"])).toMatchObject({ exitCode: 4 });
    await run("new", "made");
    expect(await first.commands.run(["lookup", "-k", "new"])).toMatchObject({ exitCode: 0 });
    expect(await second.commands.run(["lookup", "-k", "new"])).toMatchObject({ exitCode: 4 });
  });

  test("a destination inside the second one is refused", async () => {
    const words = ["restore", "--read-also", second.address, "-k", "key"];
    const refused = await first.commands.run([...words, join(second.address, "btdt-v1/objects/to")]);
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toContain("is part of the cache itself");
  });
});

describe("trouble with the second one is a warning", () => {
  const refuse = (): Response => new Response("<Error><Code>AccessDenied</Code></Error>", { status: 403 });
  const cases: readonly [string, string, () => string][] = [
    ["missing", "does not exist", () => scratch.path("nowhere")],
    [
      "newer",
      "was written by a newer btdt",
      () => {
        const { address } = openCache("directory");
        mkdirSync(join(address, "btdt-v1"));
        writeFileSync(join(address, "btdt-v1/format"), "btdt cache format 9\n");
        return address;
      },
    ],
    ["refusing", "access to s3://cache is denied", () => `${BUCKET}/refused`],
  ];
  for (const [name, reason, make] of cases) {
    test(name, async () => {
      const first = openCache("directory");
      makeTreeFor("tree");
      await first.commands.must(["store", "-k", "main,npm-1", "tree"]);
      server.intercept = refuse;
      try {
        const words = ["--read-also", make(), "-k", "none,main"];
        for (const command of ["lookup", "restore"]) {
          const finished = await first.commands.run([
            command,
            ...words,
            ...(command === "restore" ? ["to"] : []),
          ]);
          expect(finished).toMatchObject({ exitCode: 3 });
          expect(finished.stderr.toLowerCase()).toContain(reason);
          expect(finished.stderr.match(/it counts as empty/g)).toHaveLength(1);
        }
        expect(existsSync(scratch.path("to", INDEX))).toBe(true);
      } finally {
        server.intercept = () => undefined;
      }
    });
  }

  test("but a mistake in its address is an error", async () => {
    const first = openCache("directory");
    for (const address of ["s3://", "~/cache", ""]) {
      const words = ["restore", `--read-also=${address}`, "-k", "key", "to"];
      expect(await first.commands.run(words)).toMatchObject({ exitCode: 2 });
    }
    rmSync(scratch.path("to"), { recursive: true, force: true });
  });
});
