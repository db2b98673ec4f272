import { createHash, randomUUID } from "node:crypto";
import { findSignatureError, regionOf } from "./verify-signature.ts";

interface FakeObject {
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly modifiedMs: number;
}

interface FakeUpload {
  readonly name: string;
  readonly startedMs: number;
  readonly parts: Map<number, { readonly bytes: Uint8Array; readonly etag: string }>;
}

/** A request that has arrived. */
export interface FakeRequest {
  readonly method: string;
  readonly bucket: string;
  readonly name: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** An object store in memory, behind HTTP, with path style, that checks every signature. */
export class FakeServer {
  readonly accounts = new Map([["AKIDFAKE", "fake-secret"]]);
  /** Google's way: requests with one of these are authorized without a signature. */
  readonly bearerTokens = new Set<string>();
  /** Session tokens that have expired. */
  readonly expiredTokens = new Set<string>();
  readonly buckets = new Map<string, Map<string, FakeObject>>();
  readonly uploads = new Map<string, FakeUpload>();
  readonly requests: FakeRequest[] = [];
  region: string | undefined;
  pageSize = 1000;
  hasBatchDelete = true;
  isPublic = false;
  /** To be added to the time. */
  clockOffsetMs = 0;
  /** What it answers instead of serving a request; undefined serves it. */
  intercept: (request: FakeRequest) => Response | undefined | Promise<Response | undefined> = () => undefined;
  readonly #server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => this.#answer(request) });

  get url(): URL {
    return this.#server.url;
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  async #answer(incoming: Request): Promise<Response> {
    const url = new URL(incoming.url);
    const [, bucket = "", ...parts] = url.pathname.split("/").map(decodeURIComponent);
    const request = {
      method: incoming.method,
      bucket,
      name: parts.join("/"),
      query: url.searchParams,
      headers: incoming.headers,
      body: new Uint8Array(await incoming.arrayBuffer()),
    };
    this.requests.push(request);
    const target = incoming.url.slice(url.origin.length);
    const answer = (await this.intercept(request)) ?? this.#refuse(request, target) ?? this.#serve(request);
    answer.headers.set("date", new Date(Date.now() + this.clockOffsetMs).toUTCString());
    return answer;
  }

  #refuse({ method, bucket, headers, body }: FakeRequest, target: string): Response | undefined {
    const bearer = /^Bearer (.*)$/.exec(headers.get("authorization") ?? "")?.[1];
    if (bearer !== undefined)
      return this.bearerTokens.has(bearer) ? undefined : fail(401, "AuthenticationRequired");
    const isOpen = this.isPublic && !headers.has("authorization");
    const nowMs = Date.now() + this.clockOffsetMs;
    const code = isOpen
      ? undefined
      : findSignatureError({ method, target, headers, body }, this.accounts, nowMs);
    if (code !== undefined) return fail(403, code);
    if (this.expiredTokens.has(headers.get("x-amz-security-token") ?? "")) return fail(400, "ExpiredToken");
    if (this.region !== undefined && regionOf(headers) !== this.region)
      return fail(400, "AuthorizationHeaderMalformed", `<Region>${this.region}</Region>`);
    return this.buckets.has(bucket) ? undefined : fail(404, "NoSuchBucket");
  }

  #serve(request: FakeRequest): Response {
    const { method, bucket, name, query, body } = request;
    const objects = this.buckets.get(bucket) ?? new Map<string, FakeObject>();
    const uploadId = query.get("uploadId");
    if (name === "" && method === "GET" && query.has("uploads")) return this.#listUploads(query);
    if (name === "") return method === "GET" ? this.#list(objects, query) : this.#deleteBatch(objects, body);
    if (method === "POST" && query.has("uploads")) {
      const id = randomUUID();
      this.uploads.set(id, { name, startedMs: Date.now() + this.clockOffsetMs, parts: new Map() });
      return document(
        `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
      );
    }
    if (uploadId !== null) return this.#serveUpload(request, objects, uploadId);
    switch (method) {
      case "PUT": {
        const object = toObject(body, Date.now() + this.clockOffsetMs);
        objects.set(name, object);
        return new Response(null, { headers: { etag: object.etag } });
      }
      case "DELETE":
        objects.delete(name);
        return new Response(null, { status: 204 });
      default:
        return readObject(request, objects.get(name));
    }
  }

  #serveUpload({ method, query, body }: FakeRequest, objects: Map<string, FakeObject>, id: string): Response {
    const upload = this.uploads.get(id);
    if (upload === undefined) return fail(404, "NoSuchUpload");
    if (method === "PUT") {
      const { etag } = toObject(body, 0);
      upload.parts.set(Number(query.get("partNumber")), { bytes: body, etag });
      return new Response(null, { headers: { etag } });
    }
    this.uploads.delete(id);
    if (method === "DELETE") return new Response(null, { status: 204 });
    const listed = [...textOf(body).matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag>/g)];
    const parts = [...upload.parts].toSorted(([left], [right]) => left - right).map(([, part]) => part);
    if (listed.length !== parts.length) return fail(400, "InvalidPart");
    objects.set(upload.name, toObject(Buffer.concat(parts.map(({ bytes }) => bytes)), Date.now()));
    return document(`<CompleteMultipartUploadResult><ETag>"x-1"</ETag></CompleteMultipartUploadResult>`);
  }

  #listUploads(query: URLSearchParams): Response {
    const [prefix, after] = [query.get("prefix") ?? "", query.get("upload-id-marker") ?? ""];
    const ids = [...this.uploads.keys()].toSorted().filter((id) => id > after);
    const page = ids.slice(0, this.pageSize);
    const uploads = page.flatMap((id) => {
      const { name, startedMs } = this.uploads.get(id) ?? { name: "", startedMs: 0 };
      const started = new Date(startedMs).toISOString();
      return name.startsWith(prefix)
        ? [`<Upload><Key>${name}</Key><UploadId>${id}</UploadId><Initiated>${started}</Initiated></Upload>`]
        : [];
    });
    const isTruncated = page.length < ids.length;
    const next = isTruncated
      ? `<NextKeyMarker>any</NextKeyMarker><NextUploadIdMarker>${page.at(-1)}</NextUploadIdMarker>`
      : "";
    return document(
      `<ListMultipartUploadsResult><IsTruncated>${isTruncated}</IsTruncated>${next}${uploads.join("")}</ListMultipartUploadsResult>`,
    );
  }

  #list(objects: ReadonlyMap<string, FakeObject>, query: URLSearchParams): Response {
    const prefix = query.get("prefix") ?? "";
    const after = query.get("continuation-token") ?? "";
    const names = [...objects.keys()].filter((name) => name.startsWith(prefix) && name > after).toSorted();
    const page = names.slice(0, this.pageSize);
    const contents = page.map((name) => {
      const { bytes, etag, modifiedMs } = objects.get(name) ?? toObject(new Uint8Array(), 0);
      return `<Contents><Key>${encodeURIComponent(name).replaceAll("%20", "+")}</Key><LastModified>${new Date(modifiedMs).toISOString()}</LastModified><ETag>${etag.replaceAll('"', "&quot;")}</ETag><Size>${bytes.length}</Size></Contents>`;
    });
    const isTruncated = page.length < names.length;
    const next = isTruncated ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : "";
    return document(
      `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType><IsTruncated>${isTruncated}</IsTruncated>${next}${contents.join("")}</ListBucketResult>`,
    );
  }

  #deleteBatch(objects: Map<string, FakeObject>, body: Uint8Array): Response {
    if (!this.hasBatchDelete) return fail(501, "NotImplemented");
    for (const [, key = ""] of textOf(body).matchAll(/<Key>([^<]*)<\/Key>/g))
      objects.delete(decodeEntities(key));
    return document("<DeleteResult/>");
  }
}

function readObject({ method, headers }: FakeRequest, object: FakeObject | undefined): Response {
  if (object === undefined)
    return method === "HEAD" ? new Response(null, { status: 404 }) : fail(404, "NoSuchKey");
  const { bytes, etag, modifiedMs } = object;
  const common = { etag, "last-modified": new Date(modifiedMs).toUTCString() };
  if (method === "HEAD")
    return new Response(null, { headers: { ...common, "content-length": `${bytes.length}` } });
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "") ?? [];
  if (first === undefined) return new Response(bytes as Uint8Array<ArrayBuffer>, { headers: common });
  if (Number(first) >= bytes.length) return fail(416, "InvalidRange");
  const part = bytes.slice(Number(first), Number(last) + 1);
  const range = `bytes ${first}-${Number(first) + part.length - 1}/${bytes.length}`;
  return new Response(part, { status: 206, headers: { ...common, "content-range": range } });
}

function toObject(bytes: Uint8Array, modifiedMs: number): FakeObject {
  return { bytes, etag: `"${createHash("md5").update(bytes).digest("hex")}"`, modifiedMs };
}

function textOf(body: Uint8Array): string {
  return Buffer.from(body).toString();
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function decodeEntities(text: string): string {
  return text.replaceAll(/&(\w+);/g, (_, name: string) => ENTITIES[name] ?? "");
}

function document(xml: string): Response {
  return new Response(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`);
}

/** An error answer of S3. */
export function fail(
  status: number,
  code: string,
  more = "",
  headers: Record<string, string> = {},
): Response {
  const xml = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>leaked</Message>${more}</Error>`;
  return new Response(xml, { status, headers });
}
