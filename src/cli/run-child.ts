import { errnoOf, reasonOf } from "../fs/errno.ts";
import { isInForeground } from "../fs/native/foreground.ts";
import { withOriginalFileLimit } from "../fs/native/open-file-limit.ts";

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
      readonly wasInterrupted: boolean;
    }
  /** `reason` completes a sentence. */
  | { readonly kind: "not-started"; readonly exitCode: number; readonly reason: string };

/** What asks a process to end. All other signals mean whatever the command makes of them. */
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]);
/** What a terminal sends to its whole foreground group, so to the command as well. */
const FROM_TERMINAL: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT"]);

/**
 * Runs a command to its end with this process's standard streams, environment and original limit of open files. Signals
 * are passed on.
 * @param environment undefined for that of this process
 */
export async function runChild(
  command: readonly string[],
  redirectSignals: RedirectSignals,
  environment: Readonly<Record<string, string | undefined>> | undefined,
): Promise<ChildResult> {
  let wasInterrupted = false;
  let child: Bun.Subprocess | undefined;
  const env = environment === undefined ? {} : { env: environment };
  const release = redirectSignals((signal) => {
    if (ENDING.has(signal)) wasInterrupted = true;
    if (!FROM_TERMINAL.has(signal) || !isInForeground()) child?.kill(signal);
  });
  try {
    child = withOriginalFileLimit(() =>
      Bun.spawn([...command], { stdio: ["inherit", "inherit", "inherit"], ...env }),
    );
    const exitCode = await child.exited;
    return { kind: "ended", exitCode, wasInterrupted };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    const reason = errno === "ENOENT" ? "command not found" : reasonOf(error);
    return { kind: "not-started", exitCode: errno === "ENOENT" ? NOT_FOUND : NOT_EXECUTABLE, reason };
  } finally {
    release();
  }
}
