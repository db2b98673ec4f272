import type { BucketClient } from "./bucket-client.ts";
import { invalidAnswer } from "./bucket-errors.ts";
import type { ListedObject, ListPage } from "./object-store.ts";
import { readServerDate } from "./server-date.ts";
import { childText, parseXml, type XmlElement } from "./xml.ts";

const MOST_PAGE_BYTES = 16 * 1024 * 1024;

/**
 * Lists the objects whose names start with `prefix`, up to 1,000 on a page, in the order of their bytes. Names include
 * that of the cache. https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export async function* listPages(client: BucketClient, prefix: string): AsyncGenerator<ListPage, void> {
  for (let token: string | undefined; ; ) {
    const { headers, body } = await client.send({
      method: "GET",
      name: "",
      query: {
        "list-type": "2",
        "encoding-type": "url",
        prefix,
        ...(token === undefined ? {} : { "continuation-token": token }),
      },
      mostAnswerBytes: MOST_PAGE_BYTES,
      canFailLate: true,
    });
    const root = parseXml(body);
    if (root.name !== "ListBucketResult") throw invalidAnswer("is not a listing");
    yield { objects: readObjects(root, prefix), serverMs: readServerDate(headers) };
    const next = findNextToken(root);
    if (next === undefined) return;
    if (next === token) throw invalidAnswer("is the same page of a listing again");
    token = next;
  }
}

function findNextToken(root: XmlElement): string | undefined {
  if (childText(root, "IsTruncated")?.trim() !== "true") return undefined;
  const token = childText(root, "NextContinuationToken");
  if (token === undefined || token === "") throw invalidAnswer("is a listing without an end");
  return token;
}

function readObjects(root: XmlElement, prefix: string): ListedObject[] {
  const isEncoded = childText(root, "EncodingType")?.trim() === "url";
  return root.children
    .filter(({ name }) => name === "Contents")
    .map((element) => {
      const key = childText(element, "Key") ?? "";
      const name = isEncoded ? decodeName(key) : key;
      const sizeBytes = childText(element, "Size")?.trim() ?? "";
      const modifiedMs = Date.parse(childText(element, "LastModified")?.trim() ?? "");
      if (!name.startsWith(prefix) || !/^\d{1,15}$/.test(sizeBytes) || Number.isNaN(modifiedMs))
        throw invalidAnswer("lists an object without a valid name, size or time");
      const etag = childText(element, "ETag")?.trim() ?? "";
      return { name, sizeBytes: Number(sizeBytes), modifiedMs, etag };
    });
}

/** Form encoding: a space is a plus sign. */
function decodeName(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch (error) {
    throw invalidAnswer("lists a name that is not encoded as it says", error);
  }
}
