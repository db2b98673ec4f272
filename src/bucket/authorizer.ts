/** A request before it is authorized. */
export interface OutgoingRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

/** What a signature depends on besides the request. */
interface SigningScope {
  readonly region: string;
  /** Now, by the server's clock as far as it is known. */
  readonly timeMs: number;
}

/** Proves to a server whose requests these are. */
export interface Authorizer {
  /**
   * All headers to send.
   *
   * @throws BtdtError BUCKET_NOT_ACCESSIBLE if there are no credentials.
   */
  authorize(request: OutgoingRequest, scope: SigningScope): Promise<Readonly<Record<string, string>>>;
  /** Called when a server says that they have expired. The next request gets new ones. */
  renew(): void;
}

/** For buckets that anyone may read. */
export const anonymous: Authorizer = {
  authorize: ({ headers }) => Promise.resolve(headers),
  renew: () => undefined,
};
