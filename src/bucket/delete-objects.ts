import { createHash } from "node:crypto";
import type { BucketClient } from "./bucket-client.ts";
import { invalidAnswer } from "./bucket-errors.ts";
import { MOST_SHORT_ANSWER_BYTES } from "./put-object.ts";
import { childText, escapeXml, parseXml } from "./xml.ts";

const MOST_NAMES = 1000;
const MOST_IN_FLIGHT = 8;

/**
 * Statuses with which servers say that they do not have this request, or refuse it: Ceph asks for a right on the whole
 * bucket, where those on the objects are enough to delete each of them.
 */
const REFUSED: ReadonlySet<number> = new Set([403, 405, 501]);

/** For an error about each name. */
const MOST_BATCH_ANSWER_BYTES = 4 * 1024 * 1024;

/**
 * Deletes objects, many with one request where the server can do that. Objects that do not exist count as deleted.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
 */
export async function deleteObjects(client: BucketClient, names: readonly string[]): Promise<void> {
  for (let start = 0; start < names.length; start += MOST_NAMES) {
    const batch = names.slice(start, start + MOST_NAMES);
    const remaining = batch.length === 1 ? batch : await deleteBatch(client, batch);
    await deleteEach(client, remaining);
  }
}

/** @returns the names of objects that must be deleted one by one, which also says why that fails */
async function deleteBatch(client: BucketClient, names: readonly string[]): Promise<readonly string[]> {
  const objects = names.map((name) => `<Object><Key>${escapeXml(name)}</Key></Object>`);
  const document = Buffer.from(`<Delete><Quiet>true</Quiet>${objects.join("")}</Delete>`);
  const { status, body } = await client.send({
    method: "POST",
    name: "",
    query: { delete: "" },
    headers: { "content-type": "application/xml", "content-md5": digestMd5(document) },
    body: document,
    mostAnswerBytes: MOST_BATCH_ANSWER_BYTES,
    canFailLate: true,
    isResult: (status) => REFUSED.has(status),
  });
  if (status !== 200) return names;
  const root = parseXml(body);
  if (root.name !== "DeleteResult") throw invalidAnswer("does not say what has been deleted");
  const failed = new Set(
    root.children
      .filter((child) => child.name === "Error" && childText(child, "Code") !== "NoSuchKey")
      .map((child) => childText(child, "Key")),
  );
  return names.filter((name) => failed.has(name));
}

/** Required by servers that know no other checksum. */
function digestMd5(document: Uint8Array): string {
  return createHash("md5").update(document).digest("base64");
}

async function deleteEach(client: BucketClient, names: readonly string[]): Promise<void> {
  for (let start = 0; start < names.length; start += MOST_IN_FLIGHT) {
    const group = names.slice(start, start + MOST_IN_FLIGHT);
    await Promise.all(
      group.map((name) => client.send({ method: "DELETE", name, mostAnswerBytes: MOST_SHORT_ANSWER_BYTES })),
    );
  }
}
