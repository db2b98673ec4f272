import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Keys of its root user. */
export const VERSITY_KEYS = { accessKeyId: "AKIDTEST", secretAccessKey: "SECRETTEST" };

/** A second real object store, the nearest to Amazon's; see `tests/install-versitygw.ts`. It keeps objects as files. */
export class VersityServer {
  readonly #root = mkdtempSync(join(tmpdir(), "btdt-test-versitygw-"));
  readonly #started: Bun.Subprocess;
  readonly url: URL;

  private constructor(port: number) {
    this.url = new URL(`http://127.0.0.1:${port}`);
    const [objects, attributes] = ["objects", "attributes"].map((name) => join(this.#root, name));
    for (const path of [objects, attributes]) mkdirSync(path ?? "");
    const words = ["versitygw", "--port", this.url.host, "--region", "us-east-1", "posix", "--sidecar"];
    this.#started = Bun.spawn([...words, attributes ?? "", objects ?? ""], {
      env: {
        PATH: process.env["PATH"],
        ROOT_ACCESS_KEY: VERSITY_KEYS.accessKeyId,
        ROOT_SECRET_KEY: VERSITY_KEYS.secretAccessKey,
      },
      stdio: ["ignore", "ignore", "ignore"],
    });
  }

  /** Waits until it answers. */
  static async start(): Promise<VersityServer> {
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
    const { port } = listener;
    listener.stop();
    const server = new VersityServer(port);
    while (!(await server.#answers())) {
      if (server.#started.exitCode !== null) throw new Error("versitygw did not start");
      await Bun.sleep(50);
    }
    return server;
  }

  async stop(): Promise<void> {
    this.#started.kill("SIGKILL");
    await this.#started.exited;
    rmSync(this.#root, { recursive: true });
  }

  async #answers(): Promise<boolean> {
    try {
      await fetch(this.url);
      return true;
    } catch {
      return false;
    }
  }
}
