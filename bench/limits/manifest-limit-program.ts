/**
 * The memory that a first clean cannot do without as long as a manifest is inflated as a whole: a table of objects, as
 * large as that of a clean, and one manifest after another, as a file and inflated, by the functions that btdt calls.
 * Nothing is looked at, checked besides the digest, or counted.
 *
 * `manifest-limit-program MANIFESTS OBJECTS`
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inflateManifest, manifestDigestOf } from "../../src/manifest/codec.ts";

/** What docs/scale.md says that each object takes. */
const OBJECT_BYTES = 39;

const [manifests = "", objectCount = "0"] = process.argv.slice(2);
// Filled, because memory counts only once it is written to.
const table = new Uint8Array(Number(objectCount) * OBJECT_BYTES).fill(1);
for (const name of readdirSync(manifests, { recursive: true, encoding: "utf8" })) {
  const digest = name.slice(name.indexOf("/") + 1);
  if (digest === name) continue;
  const file = readFileSync(join(manifests, name));
  if (manifestDigestOf(file) !== digest) throw new Error(`${digest} is damaged`);
  const { payload } = inflateManifest(file, digest);
  // So that neither of them is garbage before the other is.
  if (payload.length + file.length + table.length === 0) throw new Error(`${digest} is empty`);
}
