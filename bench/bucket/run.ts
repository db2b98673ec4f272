/**
 * Compares a cache in a bucket with an archive that curl moves, on a Ceph on this machine, and prints ratios and
 * their targets: `npm run bench:bucket [-- --rounds N --tree DIR]`. Needs the packages of Ceph (see README), curl, tar
 * and zstd. The server takes part of the processors from both.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connect } from "../../tests/support/bucket-client.ts";
import { bucketVariables } from "../../tests/support/bucket-commands.ts";
import { CEPH_KEYS, useCeph } from "../../tests/support/s3/ceph.ts";
import { installTree } from "../install-tree.ts";
import { type Contender, type Measurement, measure } from "../measure.ts";
import { report, say } from "../report.ts";
import { changeDependency } from "./change-dependency.ts";

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
  const variables = Object.entries(bucketVariables(url, CEPH_KEYS)).map((pair) => pair.join("="));
  const run = (...words: string[]): string[] => ["env", ...variables, btdt, ...words];
  const options =
    `--aws-sigv4 aws:amz:us-east-1:s3 --user ${CEPH_KEYS.accessKeyId}:${CEPH_KEYS.secretAccessKey}` +
    ' --header "x-amz-content-sha256: UNSIGNED-PAYLOAD"';
  const store = compare("First store", [
    {
      name: "btdt store",
      command: run("store", "--keys=tree"),
      extraWords: (round) => ["--cache", cacheOf(round), tree],
    },
    {
      name: "tar c | zstd -T0 -3, curl in parts",
      command: ["sh", "-c", `tar c -C "$1" . | zstd -T0 -3 -q -c | sh "$2" "$3" "$4"`, "sh"],
      extraWords: (round) => [
        tree,
        join(import.meta.dir, "upload.sh"),
        `${url.href}bench/archive-${round}`,
        options,
      ],
    },
  ]);
  const restore = compare("Restore of everything", [
    {
      name: "btdt restore",
      command: run("restore", "--cache", cacheOf(0), "--keys=tree"),
      extraWords: (round) => [join(work, `restored-${round}`, "node_modules")],
      prepare: (round) => mkdirSync(join(work, `restored-${round}`)),
    },
    {
      name: "curl | zstd -d | tar x",
      command: [
        "sh",
        "-c",
        `mkdir "$2" && curl --fail --silent --show-error ${options} "$1" | zstd -dc | tar x -C "$2"`,
        "sh",
        `${url.href}bench/archive-0`,
      ],
      extraWords: (round) => [join(work, `extracted-${round}`)],
    },
  ]);
  const near = join(work, "near");
  const fetch = compare("Restore of everything into a new local cache", [
    {
      name: "btdt restore --local-cache",
      command: run("restore", "--cache", cacheOf(0), "--keys=tree", "--local-cache"),
      extraWords: (round) => [`${near}-${round}`, join(work, `fetched-${round}`, "node_modules")],
      prepare: (round) => {
        mkdirSync(`${near}-${round}`);
        mkdirSync(join(work, `fetched-${round}`));
      },
    },
    {
      name: "btdt restore",
      command: run("restore", "--cache", cacheOf(0), "--keys=tree"),
      extraWords: (round) => [join(work, `again-${round}`, "node_modules")],
      prepare: (round) => mkdirSync(join(work, `again-${round}`)),
    },
  ]);
  const nearHit = compare("Restore of what is near", [
    {
      name: "btdt restore --local-cache",
      command: run("restore", "--cache", cacheOf(0), "--local-cache", `${near}-0`, "--keys=tree"),
      extraWords: (round) => [join(work, `linked-${round}`, "node_modules")],
      prepare: (round) => mkdirSync(join(work, `linked-${round}`)),
    },
    {
      name: "btdt restore, the local cache alone",
      command: run("restore", "--cache", `${near}-0`, "--keys=tree"),
      extraWords: (round) => [join(work, `local-${round}`, "node_modules")],
      prepare: (round) => mkdirSync(join(work, `local-${round}`)),
    },
  ]);
  const { firstBytes, secondBytes } = changeDependency(
    run,
    join(work, "changed"),
    tree,
    "s3://bench/changed",
  );
  const [nearMs = Number.NaN, localMs = Number.NaN] = nearHit.map(({ medianMs }) => medianMs);
  say("\nTargets");
  say(`  restore of everything: ${ratioOf(restore)} x curl (at most 0.8)`);
  say(`  first store: ${ratioOf(store)} x curl (at most 1.0)`);
  say(`  restore into a new local cache: ${ratioOf(fetch)} x without one (at most 1.5)`);
  say(`  restore of what is near: ${(nearMs - localMs).toFixed(0)} ms more than locally (at most 60)`);
  const percent = (100 * secondBytes) / firstBytes;
  say(`  store after one dependency changed: ${percent.toFixed(1)} % of the first one's bytes (at most 5)`);
}

function compare(title: string, contenders: readonly Contender[]): Measurement[] {
  const measurements = measure(contenders, rounds);
  report({ kind: "times", title, measurements });
  return measurements;
}

function ratioOf([ours, theirs]: readonly Measurement[]): string {
  return ((ours?.medianMs ?? Number.NaN) / (theirs?.medianMs ?? Number.NaN)).toFixed(2);
}

function cacheOf(round: number): string {
  return `s3://bench/${round}`;
}
