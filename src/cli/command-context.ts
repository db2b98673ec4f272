import type { Runtime } from "../work/runtime.ts";
import type { Output } from "./output.ts";
import type { RedirectSignals } from "./run-child.ts";

/** What keys may be made of. */
interface Environment {
  /** `linux`, `darwin`. */
  readonly os: string;
  /** `x64`, `arm64`. */
  readonly arch: string;
  /** Somebody sits at a terminal and types what this process reads. */
  readonly isInteractive: boolean;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** What every command is handed. */
export interface CommandContext {
  readonly runtime: Runtime;
  readonly output: Output;
  readonly environment: Environment;
  readonly redirectSignals: RedirectSignals;
  /** Set by the command that ran; see `ExitCode`. */
  setExitCode(code: number): void;
}
