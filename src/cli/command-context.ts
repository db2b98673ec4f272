import type { Runtime } from "../work/runtime.ts";
import type { Output } from "./output.ts";
import type { RedirectSignals } from "./run-child.ts";

/** What key templates can refer to. */
interface Environment {
  /** `linux`, `darwin`. */
  readonly os: string;
  /** `x64`, `arm64`. */
  readonly arch: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** What every command is given. */
export interface CommandContext {
  readonly runtime: Runtime;
  readonly output: Output;
  readonly environment: Environment;
  readonly redirectSignals: RedirectSignals;
  /** For `--jobs`. */
  fixThreadCount(count: number): void;
  /** Called by the command that ran; see `ExitCode`. */
  setExitCode(code: number): void;
}
