/**
 * The rights that docs/bucket.md lists, on a real server: they are enough for each of the three, and no more than
 * stated.
 */
import { beforeAll, beforeEach, expect, test } from "bun:test";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../support/bucket-client.ts";
import { BucketCommands } from "../support/bucket-commands.ts";
import { snapshotTree } from "../support/compare-trees.ts";
import { describeWith } from "../support/requirements.ts";
import { CEPH_KEYS, CEPH_PROGRAMS, CEPH_USERS, cephKeysOf } from "../support/s3/ceph.ts";
import { useCephBucket } from "../support/s3/ceph-bucket.ts";
import { Scratch } from "../support/scratch.ts";
import { dir, file, makeTree } from "../support/tree.ts";

const scratch = Scratch.use();
const page = readFileSync(join(import.meta.dir, "../../docs/bucket.md"), "utf8");
const bucket = `policies-${randomUUID()}`;

/** Each user has the rights of its row, and of those above it. */
function policyOf(prefix: string): string {
  const rights = { bucket: [] as string[], objects: [] as string[] };
  const statements = CEPH_USERS.flatMap((user) => {
    const [, onBucket = "", onObjects = ""] =
      new RegExp(`^\\| ${user} \\|([^|]*)\\|([^|]*)\\|$`, "m").exec(page) ?? [];
    rights.bucket.push(...actionsIn(onBucket));
    rights.objects.push(...actionsIn(onObjects));
    const common = { Effect: "Allow", Principal: { AWS: [`arn:aws:iam:::user/${user}`] } };
    return [
      { ...common, Action: [...rights.bucket], Resource: [`arn:aws:s3:::${bucket}`] },
      { ...common, Action: [...rights.objects], Resource: [`arn:aws:s3:::${bucket}/${prefix}/*`] },
    ];
  });
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

function actionsIn(cell: string): string[] {
  return [...cell.matchAll(/`(s3:\w+)`/g)].map(([, action = ""]) => action);
}

describeWith([...CEPH_PROGRAMS], "with the rights in the table", () => {
  let url: URL;
  let as: Record<(typeof CEPH_USERS)[number], BucketCommands>;
  const commandsOf = (user: (typeof CEPH_USERS)[number], prefix: string): BucketCommands => {
    return new BucketCommands(scratch, url, cephKeysOf(user), `s3://${bucket}/${prefix}`);
  };

  beforeAll(async () => {
    url = await useCephBucket(bucket);
    const address = { provider: "s3", bucket, prefix: "" } as const;
    const owner = connect(url, { address }, CEPH_KEYS);
    const body = Buffer.from(policyOf("web"));
    await owner.send({ method: "PUT", name: "", query: { policy: "" }, body, mostAnswerBytes: 65_536 });
    as = {
      reader: commandsOf("reader", "web"),
      writer: commandsOf("writer", "web"),
      cleaner: commandsOf("cleaner", "web"),
    };
  }, 120_000);
  beforeEach(() => {
    makeTree(scratch.path("tree"), dir({ f: file("content") }));
  });

  function expectDenied({ exitCode, stderr }: { exitCode: number; stderr: string }): void {
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining("is denied") });
    expect(stderr).not.toContain("Keys not found");
  }

  test("a writer stores, and a reader restores, looks up, lists and verifies", async () => {
    await as.writer.must(["store", "-k", "web-1", "tree"]);
    await as.writer.must(["restore", "-k", "web-1", "written"]);
    await as.reader.must(["restore", "-k", "web-1", "read"]);
    for (const name of ["written", "read"])
      expect(snapshotTree(scratch.path(name))).toEqual(snapshotTree(scratch.path("tree")));
    expect(await as.reader.run(["lookup", "-k", "none"])).toMatchObject({ exitCode: 4 });
    expect((await as.reader.must(["list"])).stdout).toContain("web-1");
    await as.reader.must(["verify"]);
  });

  test("a reader cannot store, delete or clean, and a writer cannot delete", async () => {
    await as.writer.must(["store", "-k", "web-2", "tree"]);
    expectDenied(await as.reader.run(["store", "-k", "web-3", "tree"]));
    expectDenied(await as.reader.run(["delete", "web-2"]));
    expectDenied(await as.writer.run(["delete", "web-2"]));
    expectDenied(await as.writer.run(["clean", "--max-size", "0"]));
    await as.reader.must(["restore", "-k", "web-2", "to"]);
  });

  test("a cleaner evicts and deletes", async () => {
    await as.writer.must(["store", "-k", "web-4,web-5", "tree"]);
    await as.cleaner.must(["delete", "web-4"]);
    await as.cleaner.must(["clean", "--max-size", "0"]);
    expect(await as.reader.run(["restore", "-k", "web-4,web-5", "to"])).toMatchObject({ exitCode: 4 });
  });

  test("nobody reaches what is outside of the prefix", async () => {
    for (const user of CEPH_USERS) {
      const outside = commandsOf(user, "other");
      expectDenied(await outside.run(["store", "-k", "web-1", "tree"]));
    }
  });
});
