import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Programs that the server consists of, for `describeWith`. */
export const CEPH_PROGRAMS = ["radosgw", "ceph-mon", "ceph-osd", "ceph"] as const;

export const CEPH_KEYS = { accessKeyId: "AKIDTEST", secretAccessKey: "SECRETTEST" };

/** Users who may do only what a bucket's policy says; their keys are `cephKeysOf`. */
export const CEPH_USERS = ["reader", "writer", "cleaner"] as const;

export function cephKeysOf(user: (typeof CEPH_USERS)[number]): typeof CEPH_KEYS {
  return { ...CEPH_KEYS, accessKeyId: `AKID-${user}` };
}

/**
 * A real object store, started by the first test file of a run that asks for it, and shared by all. It takes 15 seconds
 * to start. It ends with `tests/run.ts`, or with the process where a file is run without that.
 */
export async function useCeph(): Promise<URL> {
  const run = process.env["BTDT_TEST_RUN"];
  const directory = run === undefined ? mkdtempSync(join(tmpdir(), "btdt-test-ceph-")) : join(run, "ceph");
  const answer = join(directory, "url");
  if (run === undefined || claim(directory)) {
    const owner = run === undefined ? process.pid : Number(readFileSync(join(run, "pid"), "utf8"));
    writeFileSync(`${answer}.new`, start(directory, owner));
    renameSync(`${answer}.new`, answer);
  }
  while (!existsSync(answer)) await Bun.sleep(100);
  return new URL(readFileSync(answer, "utf8"));
}

function claim(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** @returns its URL, or what went wrong */
function start(directory: string, owner: number): string {
  const [port, monitorPort] = [freePort(), freePort()];
  const script = join(import.meta.dir, "ceph.sh");
  const { exitCode, stderr } = Bun.spawnSync(["bash", script, directory, port, monitorPort, String(owner)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  return exitCode === 0 ? `http://127.0.0.1:${port}` : `failed: ${stderr.toString()}`;
}

function freePort(): string {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  server.stop();
  return String(server.port);
}
