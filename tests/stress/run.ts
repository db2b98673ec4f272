/** `npm run stress -- --minutes N [--seed S] [--bucket]`: see `stress.ts`, and `bucket-stress.ts` for a bucket on Ceph. */
import { writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { stressBucket } from "./bucket-stress.ts";
import { openCephBucket } from "./ceph-bucket.ts";
import { stress } from "./stress.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string" },
    bucket: { type: "boolean", default: false },
  },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error("--minutes takes a number");
const seed = values.seed ?? crypto.randomUUID().slice(0, 8);
writeSync(1, `stress: ${minutes} minutes, seed ${seed}\n`);
const { violations, counts } = values.bucket
  ? await stressBucket(await openCephBucket(), seed, minutes * 60_000)
  : await stress(seed, minutes * 60_000);
for (const [what, count] of [...counts].toSorted(([left], [right]) => (left < right ? -1 : 1)))
  writeSync(1, `${String(count).padStart(8)} ${what}\n`);
for (const violation of violations) writeSync(1, `\nwrong: ${violation}\n`);
if (violations.length > 0)
  writeSync(
    1,
    `\nagain: npm run stress -- --minutes ${minutes} --seed ${seed}${values.bucket ? " --bucket" : ""}\n`,
  );
writeSync(1, `${violations.length} wrong\n`);
process.exit(violations.length > 0 ? 1 : 0);
