import { errnoOf, reasonOf } from "../fs/errno.ts";

/** As shells have it. */
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

/** Hands signals that this process receives to a listener instead; answers how to stop that. */
export type RedirectSignals = (listener: (signal: NodeJS.Signals) => void) => () => void;

export type ChildResult =
  | {
      readonly kind: "ended";
      /** 128 and the signal's number for a command that a signal ended. */
      readonly exitCode: number;
      /** Somebody asked this process to end meanwhile. */
      readonly wasSignalled: boolean;
    }
  /** `reason` is the end of a sentence. */
  | { readonly kind: "not-started"; readonly exitCode: number; readonly reason: string };

/**
 * Runs a command with this process's own standard streams and environment to its end. Signals are handed on.
 * @param reachesGroup whether a signal reaches the command without that, as Ctrl-C on a terminal does
 */
export async function runChild(
  command: readonly string[],
  redirectSignals: RedirectSignals,
  reachesGroup: (signal: NodeJS.Signals) => boolean,
): Promise<ChildResult> {
  let wasSignalled = false;
  let child: Bun.Subprocess | undefined;
  const release = redirectSignals((signal) => {
    wasSignalled = true;
    if (!reachesGroup(signal)) child?.kill(signal);
  });
  try {
    child = Bun.spawn([...command], { stdio: ["inherit", "inherit", "inherit"] });
    const exitCode = await child.exited;
    return { kind: "ended", exitCode, wasSignalled };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    const reason = errno === "ENOENT" ? "command not found" : reasonOf(error);
    return { kind: "not-started", exitCode: errno === "ENOENT" ? NOT_FOUND : NOT_EXECUTABLE, reason };
  } finally {
    release();
  }
}
