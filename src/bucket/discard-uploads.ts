import type { BucketClient } from "./bucket-client.ts";
import { invalidAnswer } from "./bucket-errors.ts";
import { MOST_SHORT_ANSWER_BYTES } from "./put-object.ts";
import { childText, parseXml, type XmlElement } from "./xml.ts";

const MOST_PAGE_BYTES = 16 * 1024 * 1024;

interface ListedUpload {
  readonly name: string;
  readonly id: string;
  readonly startedMs: number;
}

/**
 * Discards unfinished uploads that began before a time. Names include that of the cache.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
 */
export async function discardUploads(
  client: BucketClient,
  prefix: string,
  beforeMs: number,
): Promise<number> {
  const abandoned: ListedUpload[] = [];
  for await (const upload of listUploads(client, prefix)) {
    if (upload.startedMs < beforeMs) abandoned.push(upload);
  }
  for (const { name, id } of abandoned) {
    await client.send({
      method: "DELETE",
      name,
      query: { uploadId: id },
      mostAnswerBytes: MOST_SHORT_ANSWER_BYTES,
    });
  }
  return abandoned.length;
}

async function* listUploads(client: BucketClient, prefix: string): AsyncGenerator<ListedUpload, void> {
  for (let marker: Readonly<Record<string, string>> = {}; ; ) {
    const { body } = await client.send({
      method: "GET",
      name: "",
      query: { uploads: "", prefix, ...marker },
      mostAnswerBytes: MOST_PAGE_BYTES,
      canFailLate: true,
    });
    const root = parseXml(body);
    if (root.name !== "ListMultipartUploadsResult") throw invalidAnswer("is not a listing of uploads");
    for (const element of root.children.filter(({ name }) => name === "Upload")) {
      const upload = readUpload(element);
      // The prefix is not left to the server: this deletes.
      if (upload.name.startsWith(prefix)) yield upload;
    }
    if (childText(root, "IsTruncated")?.trim() !== "true") return;
    const [key = "", id = ""] = ["NextKeyMarker", "NextUploadIdMarker"].map((name) => childText(root, name));
    if (key === "" || (key === marker["key-marker"] && id === marker["upload-id-marker"]))
      throw invalidAnswer("is a listing without an end");
    marker = { "key-marker": key, "upload-id-marker": id };
  }
}

function readUpload(element: XmlElement): ListedUpload {
  const [name = "", id = ""] = ["Key", "UploadId"].map((field) => childText(element, field));
  const startedMs = Date.parse(childText(element, "Initiated")?.trim() ?? "");
  if (name === "" || id === "" || Number.isNaN(startedMs))
    throw invalidAnswer("lists an upload without name, id or time");
  return { name, id, startedMs };
}
