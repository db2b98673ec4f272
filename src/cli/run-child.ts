import { errnoOf, reasonOf } from "../fs/errno.ts";

/** As in shells. */
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;

/** Passes the signals that this process receives to a listener instead; returns how to stop that. */
export type RedirectSignals = (listener: (signal: NodeJS.Signals) => void) => () => void;

export type ChildResult =
  | {
      readonly kind: "ended";
      /** 128 + n if signal n ended the command. */
      readonly exitCode: number;
      /** This process was asked to end in the meantime. */
      readonly wasSignalled: boolean;
    }
  /** `reason` completes a sentence. */
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
