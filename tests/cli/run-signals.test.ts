/** `btdt run` while its command runs: signals, terminals, limits. */
import { expect, test } from "bun:test";
import { BTDT, btdt, type Finished, finishedOf, must, startBtdt } from "../support/executable.ts";
import { testWith } from "../support/requirements.ts";
import { Scratch } from "../support/scratch.ts";

const scratch = Scratch.use();

function words(command: readonly string[]): string[] {
  return ["run", "--create-cache", "-c", scratch.path("cache"), "-k", "k", "out", "--", ...command];
}

function run(command: readonly string[]): Finished {
  return btdt(words(command), { cwd: scratch.path() });
}

for (const [signal, number] of [
  ["SIGINT", 2],
  ["SIGTERM", 15],
  ["SIGHUP", 1],
  ["SIGQUIT", 3],
  ["SIGUSR1", 10],
  ["SIGUSR2", 12],
] as const) {
  testWith(["linux"], `${signal} reaches the command, whose exit status is that of btdt`, async () => {
    const name = signal.slice(3);
    const ready = scratch.path("ready");
    // A pipe tells that the trap is set; the command ends only by the signal.
    Bun.spawnSync(["mkfifo", ready]);
    const trapping = `mkdir out; trap 'echo got; exit 7' ${name}; echo >'${ready}'; while :; do sleep 0.05; done`;
    const first = startBtdt(words(["sh", "-c", trapping]), { cwd: scratch.path() });
    await Bun.file(ready).text();
    first.kill(signal);
    expect(await finishedOf(first)).toMatchObject({ exitCode: 7, stdout: "got\n" });
    const dying = `echo >'${ready}'; exec sleep 60`;
    const second = startBtdt(words(["sh", "-c", dying]), { cwd: scratch.path() });
    await Bun.file(ready).text();
    second.kill(signal);
    expect((await finishedOf(second)).exitCode).toBe(128 + number);
    expect(run(["true"]).stderr).toStartWith("Keys not found in cache.\n");
  });
}

test("the results of a command that exits with 0 after it was asked to end are not stored", async () => {
  const ready = scratch.path("ready");
  Bun.spawnSync(["mkfifo", ready]);
  const script = `mkdir out; trap 'exit 0' TERM; echo >'${ready}'; while :; do sleep 0.05; done`;
  const started = startBtdt(words(["sh", "-c", script]), { cwd: scratch.path() });
  await Bun.file(ready).text();
  started.kill("SIGTERM");
  expect((await finishedOf(started)).exitCode).toBe(0);
  expect(run(["true"]).stderr).toStartWith("Keys not found in cache.\n");
});

for (const signal of ["SIGUSR1", "SIGUSR2"] as const) {
  testWith(["linux"], `${signal} does not keep the results of the command from being stored`, async () => {
    const ready = scratch.path("ready");
    must(["mkfifo", ready]);
    const script = `mkdir out; trap 'exit 0' ${signal.slice(3)}; echo >'${ready}'; while :; do sleep 0.05; done`;
    const started = startBtdt(words(["sh", "-c", script]), { cwd: scratch.path() });
    await Bun.file(ready).text();
    started.kill(signal);
    const { exitCode, stderr } = await finishedOf(started);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: expect.stringContaining("btdt: stored 0 files"),
    });
    expect(run(["false"])).toMatchObject({ exitCode: 0 });
  });
}

/**
 * Counts SIGINTs until SIGHUP. btdt is stopped in the meantime, so that a second SIGINT cannot merge with the first;
 * when it continues, it handles SIGINT before SIGHUP: of pending signals, the handler of the highest one runs first.
 */
const COUNTING = `
  let interrupts = 0;
  const tell = (signal) => process.kill(process.ppid, signal);
  process.on("SIGINT", () => {
    interrupts++;
    tell("SIGHUP");
    tell("SIGCONT");
  });
  process.on("SIGHUP", () => {
    console.log("interrupts: " + interrupts);
    process.exit(0);
  });
  setInterval(() => undefined, 1000);
  if (process.argv[1] === "stop") tell("SIGSTOP");
  console.log("ready");
`;

for (const [stdin, redirection] of [
  ["the terminal", ""],
  ["closed", "<&-"],
  ["/dev/null", "</dev/null"],
] as const) {
  testWith(["linux", "script"], `Ctrl-C reaches the command once if stdin is ${stdin}`, async () => {
    const command = words([process.execPath, "-e", COUNTING, "stop"]).map((word) => `'${word}'`);
    // A shell in between, because script stops itself along with its own child.
    const script = `trap : INT; '${BTDT}' ${command.join(" ")} ${redirection}`;
    const terminal = Bun.spawn(["script", "-qec", script, "/dev/null"], {
      cwd: scratch.path(),
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    let screen = "";
    for await (const bytes of terminal.stdout) {
      const isReady = screen.includes("ready");
      screen += new TextDecoder().decode(bytes);
      if (!isReady && screen.includes("ready")) {
        await terminal.stdin.write("\u0003");
        await terminal.stdin.flush();
      }
    }
    expect(screen).toContain("interrupts: 1");
  });
}

testWith(["setsid"], "SIGINT that is sent to btdt alone reaches a command without a terminal", async () => {
  const started = Bun.spawn(["setsid", BTDT, ...words([process.execPath, "-e", COUNTING])], {
    cwd: scratch.path(),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
  });
  let screen = "";
  for await (const bytes of started.stdout) {
    screen += new TextDecoder().decode(bytes);
    if (screen === "ready\n") started.kill("SIGINT");
  }
  expect(screen).toBe("ready\ninterrupts: 1\n");
});

testWith(["linux"], "the command has the limit of open files that btdt was started with", () => {
  for (const limit of ["300", "40"]) {
    const script = `ulimit -Sn ${limit} && exec "$0" "$@"`;
    const command = ["sh", "-c", script, BTDT, ...words(["sh", "-c", "ulimit -Sn; ulimit -Hn; exit 1"])];
    const { stdout } = Bun.spawnSync(command, { cwd: scratch.path() });
    expect(stdout.toString()).toBe(`${limit}\n${must(["sh", "-c", "ulimit -Hn"])}`);
  }
});
