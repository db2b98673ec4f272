/**
 * Compares a cache in a bucket with an archive that curl moves, on a Ceph on this machine:
 * `npm run bench:bucket [-- --rounds N --tree DIR]`. Needs the packages of Ceph (see README), curl, tar and zstd. The
 * server takes part of the processors from both.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connect } from "../../tests/support/bucket-client.ts";
import { bucketVariables } from "../../tests/support/bucket-commands.ts";
import { CEPH_KEYS, useCeph } from "../../tests/support/s3/ceph.ts";
import { installTree } from "../install-tree.ts";
import { type Contender, measure } from "../measure.ts";
import { report } from "../report.ts";

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "5" }, tree: { type: "string" } },
});
const rounds = Number(values.rounds);
const btdt = join(import.meta.dir, "..", "..", "dist", "btdt");
const tree = values.tree ?? installTree();
const work = mkdtempSync(join(tmpdir(), "btdt-bench-bucket-"));
try {
  const url = await useCeph();
  const address = { provider: "s3", bucket: "bench", prefix: "" } as const;
  await connect(url, { address }, CEPH_KEYS).send({ method: "PUT", name: "", mostAnswerBytes: 65_536 });
  compareAll(url);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function compareAll(url: URL): void {
  const variables = Object.entries(bucketVariables(url, CEPH_KEYS)).map(
    ([name, value]) => `${name}=${value}`,
  );
  const run = (...words: string[]): string[] => ["env", ...variables, btdt, ...words];
  const near = join(work, "near");
  mkdirSync(near);
  const curl =
    `curl --fail --silent --show-error --aws-sigv4 aws:amz:us-east-1:s3 --user ${CEPH_KEYS.accessKeyId}:${CEPH_KEYS.secretAccessKey}` +
    ' --header "x-amz-content-sha256: UNSIGNED-PAYLOAD"';
  const archive = join(work, "tree.tar.zst");
  const stores: Contender[] = [
    {
      name: "btdt store",
      command: run("store", "--keys=tree"),
      extraWords: (round) => ["--cache", cacheOf(round), tree],
    },
    {
      name: "tar c | zstd -T0 -3, curl",
      command: [
        "sh",
        "-c",
        `tar c -C "$1" . | zstd -T0 -3 -q -f -o "$2" && ${curl} --upload-file "$2" "$3"`,
        "sh",
      ],
      extraWords: (round) => [tree, archive, `${url.href}bench/archive-${round}`],
    },
  ];
  report({ kind: "times", title: "First store", measurements: measure(stores, rounds) });
  const restores: Contender[] = [
    {
      name: "btdt restore",
      command: run("restore", "--cache", cacheOf(0), "--keys=tree"),
      extraWords: (round) => [join(work, `restored-${round}`)],
    },
    {
      name: "curl | zstd -d | tar x",
      command: [
        "sh",
        "-c",
        `mkdir "$2" && ${curl} "$1" | zstd -dc | tar x -C "$2"`,
        "sh",
        `${url.href}bench/archive-0`,
      ],
      extraWords: (round) => [join(work, `extracted-${round}`)],
    },
  ];
  report({ kind: "times", title: "Restore of everything", measurements: measure(restores, rounds) });
  const words = (cache: readonly string[]): string[] => run("restore", ...cache, "--keys=tree");
  Bun.spawnSync([...words(["--cache", cacheOf(0), "--local-cache", near]), join(work, "fill-near")]);
  const nears: Contender[] = [
    {
      name: "btdt restore --local-cache",
      command: words(["--cache", cacheOf(0), "--local-cache", near]),
      extraWords: (round) => [join(work, `near-${round}`)],
    },
    {
      name: "btdt restore, the local cache alone",
      command: words(["--cache", near]),
      extraWords: (round) => [join(work, `local-${round}`)],
    },
  ];
  report({ kind: "times", title: "Restore of what is near", measurements: measure(nears, rounds) });
}

function cacheOf(round: number): string {
  return `s3://bench/${round}`;
}
