import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the proxy does with one request. */
export type Fault =
  /** Answers in place of the server. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Closes the connection: at once, or after the server has done what it was asked. */
  | { readonly kind: "close"; readonly isServed: boolean }
  /** Sends half of the server's answer and closes the connection. */
  | { readonly kind: "truncate" }
  /** Sends half of the server's answer and then nothing. */
  | { readonly kind: "stall" }
  /** Changes one byte in the middle of the server's answer. */
  | { readonly kind: "corrupt" };

export interface ProxiedRequest {
  readonly method: string;
  /** Encoded path and query. */
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
}

/** An HTTP server in front of another one, which does to requests what a test wants. */
export class FaultProxy {
  readonly requests: ProxiedRequest[] = [];
  /** Called for each request; undefined passes it on. */
  choose: (request: ProxiedRequest, count: number) => Fault | undefined = () => undefined;
  readonly #upstream: URL;
  readonly #server: Server;

  private constructor(upstream: URL, server: Server) {
    this.#upstream = upstream;
    this.#server = server;
    server.on("request", (request, response) => void this.#serve(request, response));
  }

  static async start(upstream: URL): Promise<FaultProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new FaultProxy(upstream, server);
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    try {
      for await (const part of incoming) parts.push(part as Buffer);
    } catch (error) {
      // The client has ended the request.
      if (error instanceof Error && "code" in error && error.code === "ECONNRESET") return;
      throw error;
    }
    const request = { method: incoming.method ?? "", target: incoming.url ?? "", headers: incoming.headers };
    this.requests.push(request);
    const fault = this.choose(request, this.requests.length);
    if (fault?.kind === "answer") {
      outgoing.writeHead(fault.status, { date: new Date().toUTCString(), ...fault.headers }).end(fault.body);
      return;
    }
    if (fault?.kind === "close" && !fault.isServed) {
      incoming.socket.destroy();
      return;
    }
    const answer = await this.#forward(request, Buffer.concat(parts));
    const body = Buffer.from(await answer.arrayBuffer());
    const middle = body.length >> 1;
    if (fault?.kind === "corrupt") body.writeUInt8(body.readUInt8(middle) ^ 1, middle);
    const headers = [...answer.headers].filter(
      ([name]) => !/^(?:connection|transfer-encoding|content-length)$/.test(name),
    );
    const lengthBytes =
      request.method === "HEAD" ? (answer.headers.get("content-length") ?? "0") : body.length;
    if (fault?.kind === "close") {
      incoming.socket.destroy();
      return;
    }
    outgoing.writeHead(answer.status, { ...Object.fromEntries(headers), "content-length": lengthBytes });
    if (fault?.kind !== "truncate" && fault?.kind !== "stall") {
      outgoing.end(request.method === "HEAD" ? undefined : body);
      return;
    }
    outgoing.write(body.subarray(0, middle), () => {
      if (fault.kind === "truncate") incoming.socket.destroy();
    });
  }

  /** With the same `Host`, which is part of the signature. */
  #forward({ method, target, headers }: ProxiedRequest, body: Buffer): Promise<Response> {
    const { connection: _, "content-length": __, ...rest } = headers;
    return fetch(new URL(target, this.#upstream), {
      method,
      headers: rest as Record<string, string>,
      ...(method === "GET" || method === "HEAD" ? {} : { body: new Uint8Array(body) }),
      redirect: "manual",
      decompress: false,
    });
  }
}
