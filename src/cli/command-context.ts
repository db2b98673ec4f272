import type { Runtime } from "../operations/runtime.ts";
import type { Output } from "./output.ts";

/** What keys may be made of. */
interface Environment {
  /** `linux`, `darwin`. */
  readonly os: string;
  /** `x64`, `arm64`. */
  readonly arch: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** What every command is handed. */
export interface CommandContext {
  readonly runtime: Runtime;
  readonly output: Output;
  readonly environment: Environment;
  /** Set by the command that ran; see `ExitCode`. */
  setExitCode(code: number): void;
}
