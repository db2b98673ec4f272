import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a page did in a real browser. */
export interface LoadedPage {
  /** Errors and warnings of the console, and what was thrown. */
  readonly complaints: readonly string[];
  /** What the expression gave in the page. */
  readonly value: unknown;
  readonly picture: Buffer;
}

export interface PageRequest {
  readonly path: string;
  readonly widthPixels: number;
  readonly isDark: boolean;
  readonly expression: string;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: unknown;
}

const FLAGS = (
  "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run " +
  "--disable-background-networking --remote-debugging-port=0"
).split(" ");

/** Loads pages in headless Chromium, by the DevTools protocol. */
export async function loadPages(requests: readonly PageRequest[]): Promise<LoadedPage[]> {
  const profile = mkdtempSync(join(tmpdir(), "btdt-browser-"));
  const browser = Bun.spawn(["chromium", ...FLAGS, `--user-data-dir=${profile}`, "about:blank"], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  try {
    const connection = await Connection.open(await findAddress(browser.stderr));
    const pages: LoadedPage[] = [];
    for (const request of requests) pages.push(await connection.load(request));
    return pages;
  } finally {
    browser.kill("SIGKILL");
    await browser.exited;
    rmSync(profile, { recursive: true, force: true });
  }
}

async function findAddress(stderr: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const piece of stderr) {
    text += Buffer.from(piece).toString();
    const address = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(`the browser ended: ${text}`);
}

class Connection {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #events: Message[] = [];
  #onEvent: () => void = () => undefined;
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(String(data)) as Message));
  }

  static async open(address: string): Promise<Connection> {
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    return new Connection(socket);
  }

  async load({ path, widthPixels, isDark, expression }: PageRequest): Promise<LoadedPage> {
    const { targetId } = await this.#call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.#call("Target.attachToTarget", { targetId, flatten: true });
    const call = (method: string, params = {}) => this.#call(method, params, String(sessionId));
    for (const domain of ["Page", "Runtime", "Log"]) await call(`${domain}.enable`);
    const size = { width: widthPixels, height: 800, deviceScaleFactor: 1, mobile: widthPixels < 500 };
    await call("Emulation.setDeviceMetricsOverride", size);
    const features = [{ name: "prefers-color-scheme", value: isDark ? "dark" : "light" }];
    await call("Emulation.setEmulatedMedia", { features });
    this.#events.length = 0;
    await call("Page.navigate", { url: Bun.pathToFileURL(path).href });
    await this.#until((event) => event.method === "Page.loadEventFired");
    const { result } = await call("Runtime.evaluate", { expression, returnByValue: true });
    const { data } = await call("Page.captureScreenshot", { captureBeyondViewport: true });
    const complaints = this.#events.filter(isComplaint).map((event) => JSON.stringify(event));
    await this.#call("Target.closeTarget", { targetId });
    const value = (result as { value?: unknown }).value;
    return { complaints, value, picture: Buffer.from(String(data), "base64") };
  }

  async #call(method: string, params: Record<string, unknown>, sessionId?: string) {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = new Promise<Message>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) }));
    const { result, error } = await answer;
    if (result === undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result;
  }

  async #until(isWanted: (event: Message) => boolean): Promise<void> {
    while (!this.#events.some(isWanted)) {
      await new Promise<void>((resolve) => {
        this.#onEvent = resolve;
      });
    }
  }

  #take(message: Message): void {
    if (message.id === undefined) this.#events.push(message);
    else this.#waiting.get(message.id)?.(message);
    this.#onEvent();
  }
}

function isComplaint({ method }: Message): boolean {
  return ["Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"].includes(method ?? "");
}
