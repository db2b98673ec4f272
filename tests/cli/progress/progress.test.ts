import { expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { packTar } from "modern-tar";
import { TestCache } from "../../support/cache.ts";
import { BTDT, must, startBtdt } from "../../support/executable.ts";
import { testWith } from "../../support/requirements.ts";
import { Scratch } from "../../support/scratch.ts";
import { screenOf, withVisibleEscapes } from "../../support/screen.ts";
import { injecting } from "../../support/trace.ts";
import { dir, file, makeTree } from "../../support/tree.ts";

const scratch = Scratch.use();
const cache = new TestCache(scratch);

const count = (length: number): number[] => Array.from({ length }, (_, index) => index);

/** How an import that waits for the rest of its archive begins. */
const HEAD_BYTES = 100_000;
const archive = async (): Promise<Uint8Array> => {
  const body = crypto.getRandomValues(new Uint8Array(60_000));
  const entries = ["a", "b", "c"].map((name) => ({
    header: { name, size: body.length, type: "file" as const },
    body,
  }));
  return await packTar(entries);
};

/** A program whose output is looked at while it runs. */
function watched(started: Bun.Subprocess<"ignore", "pipe", "pipe">, stream: "stdout" | "stderr") {
  const seen = { text: "" };
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const piece of started[stream]) seen.text += decoder.decode(piece, { stream: true });
  })();
  return {
    seen,
    until: async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(seen.text)) {
        if (started.exitCode !== null) throw new Error(`it ended: ${JSON.stringify(seen.text)}`);
        await Bun.sleep(10);
      }
    },
    ended: async (): Promise<number> => {
      const exitCode = await started.exited;
      await reading;
      return exitCode;
    },
  };
}

/** Runs a shell's command on a terminal of its own; what it writes there arrives on stdout. */
function onTerminal(command: string, env: Readonly<Record<string, string>> = {}) {
  const words = ["script", "-qec", `stty cols 100; ${command}`, "/dev/null"];
  const started = Bun.spawn(words, {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, TERM: "xterm", NO_COLOR: "", ...env },
  });
  return watched(started, "stdout");
}

function importWords(key: string, ...options: string[]): string[] {
  scratch.directory("cache");
  return ["import", "-c", cache.path, "-k", key, ...options, scratch.path(`pipe-${key}`)];
}

/** The writing end of the pipe that an import of this key reads. */
function openPipe(key: string): number {
  return openSync(scratch.path(`pipe-${key}`), "w");
}

testWith(
  ["script"],
  "a terminal shows what is done and how fast, and afterwards only the result",
  async () => {
    const bytes = await archive();
    must(["mkfifo", scratch.path("pipe-k")]);
    const terminal = onTerminal(`'${BTDT}' ${importWords("k").join(" ")}`, { NO_COLOR: "1" });
    const pipe = openPipe("k");
    writeSync(pipe, bytes.subarray(0, HEAD_BYTES));
    await terminal.until(/unpacking .*\d+ [KM]iB, [\d.]+ [KM]?i?B\/s/);
    expect(screenOf(terminal.seen.text)).toEqual([expect.stringMatching(/^unpacking 1 files, 9[78] KiB, /)]);
    // Colours are nobody's wish here.
    expect(withVisibleEscapes(terminal.seen.text)).not.toMatch(/␛\[[\d;]*m/);
    writeSync(pipe, bytes.subarray(HEAD_BYTES));
    closeSync(pipe);
    expect(await terminal.ended()).toBe(0);
    expect(screenOf(terminal.seen.text)).toEqual([
      expect.stringMatching(/^btdt: imported 3 files, 176 KiB as k in \d+\.\d s$/),
    ]);
  },
);

testWith(["script"], "a bar and the time left, if the total is known", async () => {
  makeTree(
    scratch.path("tree"),
    dir({ a: file(crypto.getRandomValues(new Uint8Array(60_000)).toHex().repeat(150)) }),
  );
  cache.store("k", "tree");
  must(["mkfifo", scratch.path("out")]);
  const terminal = onTerminal(`'${BTDT}' export -c ${cache.path} -k k > ${scratch.path("out")}`);
  const pipe = openSync(scratch.path("out"), "r");
  const piece = new Uint8Array(64 * 1024);
  const bar = /exporting \[=*-+\] +\d+% [\d.]+ [KM]?i?B of 17 MiB, [\d.]+ [KMG]?i?B\/s, \d+s left/;
  while (readSync(pipe, piece) > 0) if (!bar.test(terminal.seen.text)) await Bun.sleep(20);
  closeSync(pipe);
  expect(await terminal.ended()).toBe(0);
  expect(terminal.seen.text).toMatch(bar);
  expect(screenOf(terminal.seen.text)).toEqual([
    expect.stringMatching(/^btdt: exported 1 file of k in \d+\.\d s$/),
  ]);
});

testWith(["script"], "a signal leaves a clean line", async () => {
  must(["mkfifo", scratch.path("pipe-k")]);
  const command = `echo $$ > ${scratch.path("id")}; exec '${BTDT}' ${importWords("k").join(" ")}`;
  const terminal = onTerminal(command);
  const pipe = openPipe("k");
  writeSync(pipe, (await archive()).subarray(0, HEAD_BYTES));
  await terminal.until(/unpacking 1 files/);
  process.kill(Number(readFileSync(scratch.path("id"), "utf8")), "SIGINT");
  expect(await terminal.ended()).toBe(130);
  closeSync(pipe);
  expect(screenOf(terminal.seen.text)).toEqual([""]);
  expect(cache.sessions()).toEqual([]);
});

testWith(
  ["strace", "script"],
  "a clean, which goes from one end to the other without a pause, is shown as well",
  async () => {
    const files = count(40).map((index) => [`${index}`, file(`${index}`)] as const);
    makeTree(scratch.path("tree"), dir(Object.fromEntries(files)));
    cache.store("k", "tree");
    const slowly = injecting({ calls: "?unlink,unlinkat", what: "delay_enter=40000" });
    const terminal = onTerminal(`${slowly.join(" ")} '${BTDT}' clean -c ${cache.path} --max-size 0`);
    expect(await terminal.ended()).toBe(0);
    expect(terminal.seen.text).toMatch(/removing \[=+-+\] +\d+% \d+ of 41 files, \d+ files\/s, \d+s left/);
    expect(screenOf(terminal.seen.text)).toEqual([
      expect.stringMatching(/^Removed k \(size\): /),
      "Kept 0 entries, 0 B",
    ]);
  },
);

testWith(["script"], "a terminal that cannot redraw, and one that is to be quiet, stay empty", async () => {
  const bytes = await archive();
  const start = (key: string, options: readonly string[], env: Readonly<Record<string, string>>) => {
    must(["mkfifo", scratch.path(`pipe-${key}`)]);
    const terminal = onTerminal(`'${BTDT}' ${importWords(key, ...options).join(" ")}`, env);
    const pipe = openPipe(key);
    writeSync(pipe, bytes.subarray(0, HEAD_BYTES));
    return { terminal, pipe };
  };
  const silent = [start("quiet", ["-q"], {}), start("dumb", [], { TERM: "dumb" })];
  // One that began after them has shown something by now, so they would have.
  const other = start("other", [], {});
  await other.terminal.until(/unpacking/);
  for (const { terminal } of silent) expect(terminal.seen.text).toBe("");
  for (const { terminal, pipe } of [...silent, other]) {
    writeSync(pipe, bytes.subarray(HEAD_BYTES));
    closeSync(pipe);
    expect(await terminal.ended()).toBe(0);
  }
  for (const { terminal } of silent) expect(terminal.seen.text).not.toContain("\u001b");
});

test("without a terminal there is a line for each ten seconds, and stdout stays as it is", async () => {
  const bytes = await archive();
  const kinds = { plain: [], json: ["--json"], quiet: ["--quiet"] };
  const started = Object.entries(kinds).map(([key, options]) => {
    must(["mkfifo", scratch.path(`pipe-${key}`)]);
    const startedMs = performance.now();
    const btdt = startBtdt(importWords(key, ...options));
    const pipe = openPipe(key);
    writeSync(pipe, bytes.subarray(0, HEAD_BYTES));
    return { key, pipe, btdt, stderr: watched(btdt, "stderr"), startedMs };
  });
  for (const { key, stderr, startedMs } of started) {
    if (key === "quiet") continue;
    await stderr.until(/\n/);
    expect(performance.now() - startedMs).toBeGreaterThan(9_900);
    expect(stderr.seen.text).toMatch(/^btdt: unpacking: 1 files, 9[78] KiB, [\d.]+ [KM]?i?B\/s\n$/);
  }
  for (const { key, pipe, btdt, stderr } of started) {
    writeSync(pipe, bytes.subarray(HEAD_BYTES));
    closeSync(pipe);
    expect(await stderr.ended()).toBe(0);
    const stdout = await new Response(btdt.stdout).text();
    expect(stderr.seen.text.replaceAll(/^btdt: unpacking: .*\n/gm, "")).toMatch(
      key === "quiet" ? /^$/ : /^btdt: imported 3 files.*\n$/,
    );
    if (key === "quiet") expect(stderr.seen.text).toBe("");
    if (key === "json")
      expect(JSON.parse(stdout)).toMatchObject({ version: 1, keys: ["json"], fileCount: 3 });
    else expect(stdout).toBe("");
  }
});
