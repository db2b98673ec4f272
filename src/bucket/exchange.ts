import { invalidAnswer } from "./bucket-errors.ts";

/** How to connect, the same for all requests of a process. */
export interface Connection {
  /** Certificates in PEM that are trusted instead of the system's; undefined: the system's. */
  readonly ca: string | undefined;
  /** An attempt ends when nothing has arrived for so long. */
  readonly stallMs: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** What is to be sent. */
interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  /** A longer answer is an error. */
  readonly mostAnswerBytes: number;
}

/** A connection counts as stalled when it sends more slowly than this. */
const SLOWEST_BYTES_PER_MS = 64;

/** An attempt was ended because nothing arrived. */
class StalledError extends Error {
  constructor() {
    super("the server has stopped sending");
    this.name = "StalledError";
  }
}

/**
 * Sends one request once and reads the whole answer. Redirects are not followed: the engine would send session tokens
 * to whatever host they name. Proxies are those of the environment.
 *
 * @throws StalledError, whatever `fetch` throws, and the reason of `signal` once that is aborted
 */
export async function exchange(
  { method, url, headers, body, mostAnswerBytes }: Exchange,
  { ca, stallMs }: Connection,
  signal: AbortSignal,
): Promise<Answer> {
  const stall = new AbortController();
  const end = (): void => stall.abort(new StalledError());
  // Nobody says how much of a body has been sent, so it gets time for all of it.
  let timer = setTimeout(end, stallMs + (body?.length ?? 0) / SLOWEST_BYTES_PER_MS);
  const rearm = (): void => {
    clearTimeout(timer);
    timer = setTimeout(end, stallMs);
  };
  try {
    const response = await fetch(url, {
      method,
      // Not signed: proxies change it.
      headers: { ...headers, "accept-encoding": "identity" },
      ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
      redirect: "manual",
      decompress: false,
      signal: AbortSignal.any([signal, stall.signal]),
      ...(ca === undefined ? {} : { tls: { ca } }),
    });
    rearm();
    const parts: Uint8Array[] = [];
    let sizeBytes = 0;
    if (response.body !== null) {
      for await (const part of response.body) {
        rearm();
        sizeBytes += part.length;
        if (sizeBytes > mostAnswerBytes) throw invalidAnswer("is longer than was asked for");
        parts.push(part);
      }
    }
    const [only = new Uint8Array()] = parts;
    return {
      status: response.status,
      headers: response.headers,
      body: parts.length <= 1 ? only : Buffer.concat(parts, sizeBytes),
    };
  } finally {
    clearTimeout(timer);
  }
}
