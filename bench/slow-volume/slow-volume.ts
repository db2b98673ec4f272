/**
 * Builds and mounts `slow-volume.c`, a FUSE volume that waits before each operation and counts what it is asked: for
 * the benchmark of slow volumes, and for tests of how many operations a command takes. Needs root, `cc` and libfuse3.
 */
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface VolumeCounts {
  /** By kind, such as `lookup` and `link`; kinds that never occurred are missing. */
  readonly operations: Readonly<Record<string, number>>;
  /** The most operations that waited at the same time. */
  readonly mostInFlight: number;
  /** For how long at least so many waited, but fewer than the next number. */
  readonly msByInFlight: Readonly<Record<"0" | "1" | "2" | "8" | "24", number>>;
}

/** The unit in which Linux counts a program's processor time. */
const TICK_MS = 10;

type Driver = Bun.Subprocess<"pipe", "pipe", "inherit">;

export class SlowVolume {
  readonly path: string;
  readonly #process: Driver;
  readonly #answers: AsyncIterator<Uint8Array>;
  #unread = "";

  private constructor(path: string, process: Driver) {
    this.path = path;
    this.#process = process;
    this.#answers = process.stdout[Symbol.asyncIterator]();
  }

  /** Makes `directory` visible at `path`; both must exist. Nothing is delayed until a delay is set. */
  static async mount(directory: string, path: string): Promise<SlowVolume> {
    const program = buildProgram("slow-volume", ["-I/usr/include/fuse3", "-lfuse3", "-lpthread"]);
    const process = Bun.spawn([program, directory, path], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    const volume = new SlowVolume(path, process);
    await volume.#expect("mounted");
    return volume;
  }

  /** Before each operation. */
  async delay(microseconds: number): Promise<void> {
    await this.#tell(`delay ${microseconds}`);
  }

  /** Lets all operations of a kind fail with an error number; 0 ends that. */
  async fail(kind: string, errno: number): Promise<void> {
    await this.#tell(`fail ${kind} ${errno}`);
  }

  /** What has happened since it was mounted, or since the last call. */
  async takeCounts(): Promise<VolumeCounts> {
    await this.#send("counts");
    const counts = JSON.parse(await this.#readLine()) as VolumeCounts;
    await this.#tell("reset");
    return counts;
  }

  /** Processor time that the driver has taken so far. */
  usedCpuMs(): number {
    const fields = readFileSync(`/proc/${this.#process.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }

  /** Dies as a driver that crashes does: the mount stays, and everything in it fails with ENOTCONN. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  async unmount(): Promise<void> {
    await this.#process.stdin.end();
    await this.#process.exited;
    // A killed one could not do it, nor one whose volume was in use.
    Bun.spawnSync(["umount", "--lazy", this.path], { stderr: "ignore" });
  }

  async #tell(command: string): Promise<void> {
    await this.#send(command);
    await this.#expect("done");
  }

  async #send(command: string): Promise<void> {
    await this.#process.stdin.write(`${command}\n`);
    await this.#process.stdin.flush();
  }

  async #expect(answer: string): Promise<void> {
    const line = await this.#readLine();
    if (line !== answer) throw new Error(`the slow volume answered "${line}" instead of "${answer}"`);
  }

  async #readLine(): Promise<string> {
    while (!this.#unread.includes("\n")) {
      const { done, value } = await this.#answers.next();
      if (done === true) throw new Error("the slow volume has ended");
      this.#unread += new TextDecoder().decode(value);
    }
    const end = this.#unread.indexOf("\n");
    const line = this.#unread.slice(0, end);
    this.#unread = this.#unread.slice(end + 1);
    return line;
  }
}

/** Compiles a program of this folder, once for each version of its source; returns its path. */
export function buildProgram(name: string, flags: readonly string[]): string {
  const source = join(import.meta.dir, `${name}.c`);
  const version = Bun.hash(readFileSync(source)).toString(36);
  const directory = join(tmpdir(), "btdt-slow-volume");
  const program = join(directory, `${name}-${version}`);
  if (existsSync(program)) return program;
  mkdirSync(directory, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  const { exitCode, stderr } = Bun.spawnSync([
    "cc",
    "-O2",
    "-Wall",
    "-Wextra",
    "-o",
    unfinished,
    source,
    ...flags,
  ]);
  if (exitCode !== 0) throw new Error(`cc failed for ${source}: ${stderr.toString()}`);
  renameSync(unfinished, program);
  return program;
}
