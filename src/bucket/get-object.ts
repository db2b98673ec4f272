import type { BucketAnswer, BucketClient } from "./bucket-client.ts";
import { invalidAnswer } from "./bucket-errors.ts";
import type { ByteRange, FetchedObject } from "./object-store.ts";
import { readServerDate } from "./server-date.ts";

/** Of objects that are read as a whole; packs are read in ranges. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Errors are longer than short ranges. */
const MOST_ERROR_BYTES = 65_536;

export async function getObject(client: BucketClient, name: string): Promise<FetchedObject> {
  const answer = await client.send({ method: "GET", name, mostAnswerBytes: MOST_BYTES });
  if (answer.isMissing) return { kind: "missing", serverMs: readServerDate(answer.headers) };
  if (answer.status !== 200) throw invalidAnswer("is not the object that was asked for");
  return describe(answer, answer.body);
}

const PARTIAL = 206;
const BEYOND_THE_END = 416;

/** One range per request: servers answer several differently. */
export async function getRange(client: BucketClient, name: string, range: ByteRange): Promise<FetchedObject> {
  const lengthBytes = range.endBytes - range.startBytes;
  const answer = await client.send({
    method: "GET",
    name,
    headers: { range: `bytes=${range.startBytes}-${range.endBytes - 1}` },
    // A server that ignores the range would send everything.
    mostAnswerBytes: Math.max(lengthBytes, MOST_ERROR_BYTES),
    isResult: (status) => status === BEYOND_THE_END,
  });
  if (answer.isMissing) return { kind: "missing", serverMs: readServerDate(answer.headers) };
  if (answer.status === BEYOND_THE_END) return await describeShort(client, name, range);
  if (answer.status !== PARTIAL || !isRange(answer, range))
    throw invalidAnswer("is not the range that was asked for");
  return describe(answer, answer.body);
}

function isRange({ headers, body }: BucketAnswer, { startBytes, endBytes }: ByteRange): boolean {
  const text = headers.get("content-range") ?? "";
  const [, first, last, size] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(text) ?? [];
  const end = Math.min(endBytes, Number(size));
  return Number(first) === startBytes && Number(last) === end - 1 && body.length === end - startBytes;
}

/** The object ends before the range begins. */
async function describeShort(
  client: BucketClient,
  name: string,
  { startBytes }: ByteRange,
): Promise<FetchedObject> {
  const answer = await client.send({ method: "HEAD", name, mostAnswerBytes: 0 });
  if (answer.isMissing) return { kind: "missing", serverMs: readServerDate(answer.headers) };
  const sizeBytes = Number(answer.headers.get("content-length") ?? Number.NaN);
  if (!(sizeBytes <= startBytes)) throw invalidAnswer("denies a range that exists");
  return describe(answer, new Uint8Array());
}

/** Every object has these headers; a page that a proxy sends in place of one has not. */
function describe({ headers }: BucketAnswer, bytes: Uint8Array): FetchedObject {
  const etag = headers.get("etag") ?? "";
  const modifiedMs = Date.parse(headers.get("last-modified") ?? "");
  if (etag === "" || Number.isNaN(modifiedMs)) throw invalidAnswer("does not come from an object store");
  return { kind: "found", bytes, etag, modifiedMs, serverMs: readServerDate(headers) };
}
