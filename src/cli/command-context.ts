import type { Runtime } from "../operations/runtime.ts";
import type { Output } from "./output.ts";

/** What every command is handed. */
export interface CommandContext {
  readonly runtime: Runtime;
  readonly output: Output;
  /** Set by the command that ran; see `ExitCode`. */
  setExitCode(code: number): void;
}
